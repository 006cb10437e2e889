import type { Pod } from '../kube/builtin-kinds.ts';
import { NOBODY, PLANE_LABEL } from './plane-names.ts';
import type { PlaneSpec } from './plane-spec.ts';

export type PodSpec = NonNullable<Pod['spec']>;
export type Container = PodSpec['containers'][number];
export type Volume = NonNullable<PodSpec['volumes']>[number];

/** Nobody, no rights, nothing to write to: the `restricted` level, which the namespace enforces. */
export const CONTAINER_SECURITY: NonNullable<Container['securityContext']> = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/** What pods depend on. */
type PodOwner = Pick<PlaneSpec, 'name' | 'replicas'> & {
  readonly images: Pick<PlaneSpec['images'], 'pullSecrets'>;
};

/** Labels by which pods of one program of a plane are found. */
export function podLabels({ name }: Pick<PlaneSpec, 'name'>, app: string): Readonly<Record<string, string>> {
  return { app, [PLANE_LABEL]: name };
}

/** The pod template around a program's containers: without rights on the hosting cluster. */
export function podTemplate(
  spec: PodOwner,
  app: string,
  pod: Pick<PodSpec, 'containers' | 'initContainers' | 'volumes' | 'terminationGracePeriodSeconds'> & {
    readonly user?: number;
  },
): { readonly metadata: { readonly labels: Readonly<Record<string, string>> }; readonly spec: PodSpec } {
  const { user = NOBODY, ...rest } = pod;
  const { pullSecrets = [] } = spec.images;
  return {
    metadata: { labels: podLabels(spec, app) },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        fsGroup: user,
        // Volumes of etcd and PostgreSQL hold many files, which would all be visited at each start.
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
      ...(spec.replicas > 1 ? { topologySpreadConstraints: [spreadOver(spec, app)] } : {}),
      ...rest,
    },
  };
}

/** Pods of one program on different nodes, where there are several. */
function spreadOver(spec: PodOwner, app: string) {
  return {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: podLabels(spec, app) },
  };
}

/** A read-only volume with some keys of a Secret, each readable by the program's user and group only. */
export function secretVolume(name: string, secretName: string, keys: readonly string[]): Volume {
  return {
    name,
    secret: { secretName, defaultMode: 0o440, items: keys.map((key) => ({ key, path: key })) },
  };
}
