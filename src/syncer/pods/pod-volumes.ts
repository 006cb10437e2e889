import { CONFIG_MAP, ENDPOINTS, PVC, SECRET, type Pod } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { isMap } from '../../lib/narrow.ts';
import type { TenantRules } from '../tenant.ts';
import { refusal, type Surroundings } from '../translation.ts';
import { hostItems } from './pod-downward.ts';
import { tokenKey, tokenSecretName } from './pod-tokens.ts';

type Spec = NonNullable<Pod['spec']>;
type Volume = NonNullable<Spec['volumes']>[number];
type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

/**
 * What a volume may be. A list of the allowed, so that a source that a later Kubernetes invents is refused until
 * somebody thought about it.
 */
const SOURCES: ReadonlySet<string> = new Set(
  (
    'configMap secret persistentVolumeClaim projected downwardAPI emptyDir ephemeral image csi nfs iscsi rbd cephfs cinder ' +
    'azureFile glusterfs scaleIO storageos fc awsElasticBlockStore azureDisk gcePersistentDisk portworxVolume ' +
    'vsphereVolume photonPersistentDisk quobyte flocker'
  ).split(' '),
);
/** The same of the sources of a projected volume. */
const PROJECTIONS: ReadonlySet<string> = new Set([
  'configMap',
  'secret',
  'downwardAPI',
  'serviceAccountToken',
]);
/** Volume sources that name a Secret as `secretRef`. */
const WITH_SECRET_REF = ['iscsi', 'rbd', 'cephfs', 'cinder', 'scaleIO', 'storageos'] as const;

/** What is wrong with a pod's volumes, in the tenant's words. */
export function volumeRefusals(volumes: readonly Volume[], rules: TenantRules): readonly string[] {
  return volumes.flatMap((volume) => {
    const at = `spec.volumes[${volume.name}]`;
    const sources = Object.keys(volume).filter((key) => key !== 'name');
    const unknown = sources.filter((key) => !SOURCES.has(key) && !(key === 'hostPath' && rules.hostPath));
    const projections = (volume.projected?.sources ?? [])
      .flatMap((source) => Object.keys(source))
      .filter((key) => !PROJECTIONS.has(key));
    return [
      ...unknown.map((key) => refusal(`${at}.${key}`, reasonOf(key), 'use a claim, a ConfigMap or emptyDir')),
      ...projections.map((key) =>
        refusal(`${at}.projected.${key}`, 'it would be that of the host', 'use a Secret or ConfigMap'),
      ),
    ];
  });
}

function reasonOf(source: string): string {
  return source === 'hostPath' ? "the node's files are not yours" : 'this source is not supported';
}

/** A pod's volumes as the host knows what they name. */
export function hostVolumes(pod: Pod, around: Surroundings): readonly Volume[] | undefined {
  return pod.spec?.volumes?.map((volume) => hostVolume(volume, pod, around));
}

function hostVolume(volume: Volume, pod: Pod, around: Surroundings): Volume {
  const { namespace } = pod.metadata;
  const rename = (kind: Kind, name: string): string => around.hostName(kind, { namespace, name });
  // The claim of an ephemeral volume is made in the tenant's cluster, and comes as any other.
  if (volume.ephemeral !== undefined) {
    const claimName = rename(PVC, `${pod.metadata.name}-${volume.name}`);
    return { name: volume.name, persistentVolumeClaim: { claimName } };
  }
  const {
    configMap,
    secret,
    persistentVolumeClaim: claim,
    projected,
    downwardAPI,
    csi,
    azureFile,
    glusterfs,
  } = volume;
  const changed: Partial<Volume> = {
    ...(configMap?.name === undefined
      ? {}
      : { configMap: { ...configMap, name: rename(CONFIG_MAP, configMap.name) } }),
    ...(secret?.secretName === undefined
      ? {}
      : { secret: { ...secret, secretName: rename(SECRET, secret.secretName) } }),
    ...(claim === undefined
      ? {}
      : { persistentVolumeClaim: { ...claim, claimName: rename(PVC, claim.claimName) } }),
    ...(projected === undefined
      ? {}
      : {
          projected: {
            ...projected,
            sources: (projected.sources ?? []).map((source, index) =>
              hostSource(source, tokenKey(volume.name, index), pod, around),
            ),
          },
        }),
    ...(downwardAPI === undefined
      ? {}
      : { downwardAPI: { ...downwardAPI, items: hostItems(downwardAPI.items, around.tenant) ?? [] } }),
    ...(csi?.nodePublishSecretRef?.name === undefined
      ? {}
      : { csi: { ...csi, nodePublishSecretRef: { name: rename(SECRET, csi.nodePublishSecretRef.name) } } }),
    ...(azureFile === undefined
      ? {}
      : { azureFile: { ...azureFile, secretName: rename(SECRET, azureFile.secretName) } }),
    ...(glusterfs === undefined
      ? {}
      : { glusterfs: { ...glusterfs, endpoints: rename(ENDPOINTS, glusterfs.endpoints) } }),
  };
  return { ...volume, ...changed, ...secretRefs(volume, (name) => rename(SECRET, name)) };
}

function secretRefs(volume: Volume, rename: (name: string) => string): Partial<Volume> {
  const changed: Record<string, unknown> = {};
  for (const field of WITH_SECRET_REF) {
    const source: unknown = volume[field];
    if (!isMap(source) || !isMap(source['secretRef'])) continue;
    const { name } = source['secretRef'];
    if (typeof name === 'string')
      changed[field] = { ...source, secretRef: { ...source['secretRef'], name: rename(name) } };
  }
  return changed;
}

function hostSource(source: Source, key: string, pod: Pod, around: Surroundings): Source {
  const { namespace } = pod.metadata;
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (serviceAccountToken !== undefined) {
    const items = [{ key, path: serviceAccountToken.path }];
    return { secret: { name: tokenSecretName(pod, around.tenant), items } };
  }
  if (configMap?.name !== undefined)
    return {
      configMap: { ...configMap, name: around.hostName(CONFIG_MAP, { namespace, name: configMap.name }) },
    };
  if (secret?.name !== undefined)
    return { secret: { ...secret, name: around.hostName(SECRET, { namespace, name: secret.name }) } };
  if (downwardAPI !== undefined)
    return { downwardAPI: { ...downwardAPI, items: hostItems(downwardAPI.items, around.tenant) ?? [] } };
  return source;
}
