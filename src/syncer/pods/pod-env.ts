import { CONFIG_MAP, SECRET, type Pod, type Service } from '../../kube/builtin-kinds.ts';
import type { Surroundings } from '../translation.ts';
import { hostFieldPath } from './pod-downward.ts';

type Container = NonNullable<Pod['spec']>['containers'][number];
type Variable = NonNullable<Container['env']>[number];

/** Where every pod finds the API server. */
export const KUBERNETES_SERVICE = { namespace: 'default', name: 'kubernetes' } as const;

/** Most variables that links to services may bring: beyond, a container's start fails on the size of its environment. */
const MAX_LINKS = 5000;

/** A container as the host runs it: names of what its variables read, and the variables that a kubelet would add. */
export function hostContainer<C extends Pick<Container, 'env' | 'envFrom'>>(
  container: C,
  pod: Pod,
  around: Surroundings,
): C {
  const { namespace } = pod.metadata;
  const own = (container.env ?? []).map((variable) => hostVariable(variable, namespace, around));
  const taken = new Set(own.map(({ name }) => name));
  // First, so that the pod's own may refer to them as `$(NAME)`.
  const env = [...serviceVariables(pod, around).filter(({ name }) => !taken.has(name)), ...own];
  const envFrom = container.envFrom?.map((source) => ({
    ...source,
    ...(source.configMapRef?.name === undefined
      ? {}
      : {
          configMapRef: {
            ...source.configMapRef,
            name: around.hostName(CONFIG_MAP, { namespace, name: source.configMapRef.name }),
          },
        }),
    ...(source.secretRef?.name === undefined
      ? {}
      : {
          secretRef: {
            ...source.secretRef,
            name: around.hostName(SECRET, { namespace, name: source.secretRef.name }),
          },
        }),
  }));
  return { ...container, env, ...(envFrom === undefined ? {} : { envFrom }) };
}

function hostVariable(variable: Variable, namespace: string | undefined, around: Surroundings): Variable {
  const { valueFrom } = variable;
  if (valueFrom === undefined) return variable;
  const { configMapKeyRef, secretKeyRef, fieldRef } = valueFrom;
  return {
    ...variable,
    valueFrom: {
      ...valueFrom,
      ...(configMapKeyRef?.name === undefined
        ? {}
        : {
            configMapKeyRef: {
              ...configMapKeyRef,
              name: around.hostName(CONFIG_MAP, { namespace, name: configMapKeyRef.name }),
            },
          }),
      ...(secretKeyRef?.name === undefined
        ? {}
        : {
            secretKeyRef: {
              ...secretKeyRef,
              name: around.hostName(SECRET, { namespace, name: secretKeyRef.name }),
            },
          }),
      ...(fieldRef === undefined
        ? {}
        : { fieldRef: { ...fieldRef, fieldPath: hostFieldPath(fieldRef.fieldPath, around.tenant) } }),
    },
  };
}

/** What a kubelet of the tenant's cluster would set: the API server always, the namespace's services where asked. */
function serviceVariables({ metadata, spec }: Pod, around: Surroundings): readonly Variable[] {
  const { namespace, name } = KUBERNETES_SERVICE;
  const api = around.services(namespace).filter((service) => service.metadata.name === name);
  const linked = spec?.enableServiceLinks === false ? [] : around.services(metadata.namespace ?? '');
  const byName = new Map([...api, ...linked].flatMap(variablesOf).map((one) => [one.name, one]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, MAX_LINKS);
}

function variablesOf({ metadata, spec }: Service): readonly Variable[] {
  const address = spec?.clusterIP ?? '';
  const [first] = spec?.ports ?? [];
  if (address === '' || address === 'None' || first === undefined) return [];
  const prefix = variableName(metadata.name);
  const host = address.includes(':') ? `[${address}]` : address;
  const all: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: address,
    [`${prefix}_SERVICE_PORT`]: String(first.port),
    [`${prefix}_PORT`]: `${(first.protocol ?? 'TCP').toLowerCase()}://${host}:${first.port}`,
  };
  for (const { name, port, protocol = 'TCP' } of spec?.ports ?? []) {
    if (name !== undefined && name !== '') all[`${prefix}_SERVICE_PORT_${variableName(name)}`] = String(port);
    const at = `${prefix}_PORT_${port}_${protocol}`;
    all[at] = `${protocol.toLowerCase()}://${host}:${port}`;
    all[`${at}_PROTO`] = protocol.toLowerCase();
    all[`${at}_PORT`] = String(port);
    all[`${at}_ADDR`] = address;
  }
  return Object.entries(all).map(([name, value]) => ({ name, value }));
}

function variableName(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
