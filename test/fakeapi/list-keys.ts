import { isMap, mapAt, type JsonMap } from './json.ts';

/** Lists of built-in kinds whose items are told apart by these fields. */
const BY_NAME: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  imagePullSecrets: ['name'],
  secrets: ['name'],
  hostAliases: ['ip'],
  conditions: ['type'],
  ownerReferences: ['uid'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  podIPs: ['ip'],
  webhooks: ['name'],
  matchConditions: ['name'],
  variables: ['name'],
  volumeClaimTemplates: [],
};
/** Maps of built-in kinds that are one value: whoever sets one field owns them all. */
const ATOMIC_MAPS = new Set([
  'selector',
  'nodeSelector',
  'labelSelector',
  'namespaceSelector',
  'podSelector',
  'objectSelector',
  'configMapKeyRef',
  'secretKeyRef',
  'fieldRef',
  'resourceFieldRef',
  'claimRef',
  'roleRef',
  'involvedObject',
  'regarding',
  'targetRef',
]);

/**
 * How a list merges: by the fields that tell items apart, as a set of values, or (undefined) not at all.
 * `schema` is that of the list itself where the kind is a custom resource.
 */
export function listKeys(
  kind: string,
  path: readonly string[],
  items: readonly unknown[],
  schema: JsonMap | undefined,
): readonly string[] | 'set' | undefined {
  const field = path.at(-1) ?? '';
  if (path[0] === 'metadata') {
    return path.length !== 2
      ? undefined
      : field === 'finalizers'
        ? 'set'
        : field === 'ownerReferences'
          ? ['uid']
          : undefined;
  }
  if (schema !== undefined) {
    if (schema['x-kubernetes-list-type'] === 'set') return 'set';
    if (schema['x-kubernetes-list-type'] !== 'map') return undefined;
    const keys = schema['x-kubernetes-list-map-keys'];
    return Array.isArray(keys) ? keys.map(String) : undefined;
  }
  if (field === 'ports') {
    if (kind === 'Service' && path.length === 2) return ['port', 'protocol'];
    return items.some((item) => isMap(item) && 'containerPort' in item)
      ? ['containerPort', 'protocol']
      : undefined;
  }
  const keys = BY_NAME[field];
  return keys === undefined || keys.length === 0 ? undefined : keys;
}

export function isAtomicMap(path: readonly string[], schema: JsonMap | undefined): boolean {
  if (path[0] === 'metadata') return false;
  if (schema !== undefined) return schema['x-kubernetes-map-type'] === 'atomic';
  return ATOMIC_MAPS.has(path.at(-1) ?? '');
}

/** The schema of a member; undefined stays undefined (built-in kinds), unknown members of custom resources are `{}`. */
export function schemaOfField(schema: JsonMap | undefined, field: string): JsonMap | undefined {
  if (schema === undefined) return undefined;
  const property = mapAt(schema, 'properties')[field];
  if (isMap(property)) return property;
  const additional = schema['additionalProperties'];
  return isMap(additional) ? additional : {};
}

export function schemaOfItems(schema: JsonMap | undefined): JsonMap | undefined {
  return schema === undefined ? undefined : mapAt(schema, 'items');
}
