import { FIELD_MANAGER, type Client } from '../../client/client.ts';
import { entryKey } from '../../features/instance/inventory.ts';
import { namespaceLabels, type KindedObject } from '../../features/instance/policies.ts';
import { listNamespace } from '../../client/list-namespace.ts';
import type { ServedResource } from '../../client/discovery-documents.ts';
import type { InstancePolicies } from '../../api/revision.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import { groupKindOf, type Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { parseManifests } from '../../kube/yaml.ts';
import type { AnyObject } from '../../kube/object.ts';
import { messageOf } from '../../lib/error-text.ts';
import type { FoundRelease } from './find-release.ts';
import { differences, replacesPods } from './differences.ts';
import type { WantedRelease } from './wanted-release.ts';

/** What becomes of one object. */
export interface ObjectPreview {
  readonly kind: Kind;
  readonly name: string;
  readonly found: boolean;
  /** Paths of fields that change. */
  readonly changes: readonly string[];
  /** Why the server would not take it. */
  readonly refused?: string;
}

/** What adopting would do. */
export interface Preview {
  readonly objects: readonly ObjectPreview[];
  readonly policies: readonly ObjectPreview[];
  /** In the release and not in the service's chart: they stay, and nobody looks after them. */
  readonly left: readonly string[];
  /** In the namespace and in no release; they go when the instance is deleted. */
  readonly besides: readonly string[];
  /** What the API server warns of: pods that the new level of pod security would not let start. */
  readonly warnings: readonly string[];
  readonly restarts: readonly string[];
}

/** Kinds that others make out of the objects of a release: no word about them. */
const MADE_BY_OTHERS = new Set(['Pod', 'apps/ReplicaSet', 'batch/Job']);
/** Objects that Kubernetes puts into every namespace. */
const EVERYWHERE = new Set(['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default']);

/** Asks the API server for everything that adopting will write, without writing it. */
export async function previewAdoption(
  client: Client,
  resources: readonly ServedResource[],
  found: FoundRelease,
  wanted: WantedRelease,
  policies: InstancePolicies,
): Promise<Preview> {
  const { target } = wanted.identity;
  const objects = await Promise.all(wanted.release.objects.map((one) => previewObject(client, one)));
  const around = await Promise.all(wanted.policies.map((one) => previewPolicy(client, one)));
  const content = await listNamespace(client, resources, target);
  const known = new Set([...wanted.release.objects, ...wanted.policies].map(keyOf));
  const before = new Set(parseManifests(found.record.manifest).map(nameOf));
  const namesNow = new Set(wanted.release.objects.map(({ object }) => nameOf(object)));
  const owned = content.objects.filter((object) => !known.has(keyOf({ kind: kindOf(object), object })));
  return {
    objects,
    policies: around,
    left: [...before].filter((name) => !namesNow.has(name)).sort(),
    besides: owned
      .filter(({ metadata }) => (metadata.ownerReferences ?? []).length === 0)
      .map(nameOf)
      .filter(
        (name) => !before.has(name) && !EVERYWHERE.has(name) && !MADE_BY_OTHERS.has(name.split('/')[0] ?? ''),
      )
      .sort(),
    warnings: await securityWarnings(client, wanted, policies),
    restarts: objects
      .filter(({ changes }) => changes.some(replacesPods))
      .map(({ kind, name }) => `${kind.kind} ${name}`),
  };
}

async function previewObject(client: Client, { kind, object }: KindedObject): Promise<ObjectPreview> {
  const base = { kind, name: object.metadata.name };
  const live = await client.find<AnyObject>(kind as Kind<AnyObject>, object.metadata);
  if (live === undefined) return { ...base, found: false, changes: [] };
  try {
    const options = { fieldManager: FIELD_MANAGER, force: true, dryRun: true };
    const after = await client.apply<AnyObject>(kind as Kind<AnyObject>, object, options);
    return { ...base, found: true, changes: differences(live, after) };
  } catch (error) {
    if (!isKubeError(error, 'Invalid', 'BadRequest', 'Forbidden')) throw error;
    return { ...base, found: true, changes: [], refused: messageOf(error) };
  }
}

/** What the operator puts around the release depends on addresses that it knows: only that it comes is told. */
async function previewPolicy(client: Client, { kind, object }: KindedObject): Promise<ObjectPreview> {
  const live = await client.find(kind, object.metadata);
  return { kind, name: object.metadata.name, found: live !== undefined, changes: [] };
}

/** The API server tells which pods a level of pod security would not let start, when a namespace is labelled so. */
async function securityWarnings(
  client: Client,
  { identity }: WantedRelease,
  policies: InstancePolicies,
): Promise<readonly string[]> {
  const level = Object.entries(namespaceLabels(identity, policies)).filter(([name]) =>
    name.startsWith('pod-security.kubernetes.io/enforce'),
  );
  const { headers } = await client.raw({
    method: 'PATCH',
    path: `/api/${NAMESPACE.version}/${NAMESPACE.plural}/${identity.target}?dryRun=All`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { metadata: { labels: Object.fromEntries(level) } },
  });
  // RFC 7234: 299 - "text".
  return [headers['warning'] ?? []]
    .flat()
    .flatMap((one) => [...one.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)])
    .map(([, text = '']) => text.replace(/\\(.)/g, '$1'));
}

function kindOf({ apiVersion, kind }: AnyObject): Pick<Kind, 'group' | 'kind'> {
  return { group: apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '', kind };
}

function keyOf({
  kind,
  object,
}: {
  readonly kind: Pick<Kind, 'group' | 'kind'>;
  readonly object: AnyObject;
}): string {
  return entryKey({ kind, name: object.metadata.name });
}

function nameOf(object: AnyObject): string {
  return `${groupKindOf(kindOf(object))}/${object.metadata.name}`;
}
