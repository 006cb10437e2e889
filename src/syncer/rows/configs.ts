import { CONFIG_MAP, SECRET, type ConfigMap, type Secret } from '../../kube/builtin-kinds.ts';
import { hostAnnotations, hostLabels } from '../marks.ts';
import { rowOf, type Row } from '../row.ts';
import type { Surroundings } from '../translation.ts';

/** Whether an object of a namespace is used by something of the tenant that is on the host. */
export type Uses = (namespace: string, name: string) => boolean;

/** On a ConfigMap or Secret that is to be on the host although nothing there names it. As vcluster's. */
const FORCE_ANNOTATION = 'vcluster.loft.sh/force-sync';

/** Types of Secrets for which the host's controllers would do something. */
const ACTIVE_TYPES: ReadonlySet<string> = new Set([
  'kubernetes.io/service-account-token',
  'bootstrap.kubernetes.io/token',
]);

/** ConfigMaps that a pod on the host reads. */
export function configMapRow(isUsed: Uses): Row<ConfigMap> {
  return rowOf<ConfigMap>({
    kind: CONFIG_MAP,
    wanted: (object) => isWanted(object, isUsed),
    translate: (object, around) => {
      const { data, binaryData, immutable } = object;
      return {
        is: 'object',
        object: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: hostMetadata(object, around),
          ...given({ data, binaryData, immutable }),
        },
      };
    },
  });
}

/** Secrets that a pod or an Ingress on the host reads. */
export function secretRow(isUsed: Uses): Row<Secret> {
  return rowOf<Secret>({
    kind: SECRET,
    wanted: (object) => isWanted(object, isUsed),
    translate: (object, around) => {
      const { data, immutable, type = 'Opaque' } = object;
      return {
        is: 'object',
        object: {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: hostMetadata(object, around),
          type: ACTIVE_TYPES.has(type) ? 'Opaque' : type,
          ...given({ data, immutable }),
        },
      };
    },
  });
}

function isWanted({ metadata }: ConfigMap | Secret, isUsed: Uses): boolean {
  return (
    metadata.annotations?.[FORCE_ANNOTATION] === 'true' || isUsed(metadata.namespace ?? '', metadata.name)
  );
}

function hostMetadata(object: ConfigMap | Secret, around: Surroundings): ConfigMap['metadata'] {
  const { tenant } = around;
  const { namespace, name } = object.metadata;
  const kind = object.kind === 'Secret' ? SECRET : CONFIG_MAP;
  return {
    name: around.hostName(kind, { namespace, name }),
    namespace: tenant.hostNamespace,
    labels: hostLabels(object, tenant),
    annotations: hostAnnotations(object, kind),
    ...(tenant.owner === undefined ? {} : { ownerReferences: [tenant.owner] }),
  };
}

/** The fields that are set. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // The same keys without those whose value is undefined.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
