import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../kube/builtin-kinds.ts';
import { FINALIZER } from '../../api/names.ts';

/** What StorageClasses name to have their volumes made by the local cluster's agents. */
export const PROVISIONER = 'tenantry.dev/local';

/** Whose a volume is: the annotation that the volume controllers of Kubernetes write and read. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

/** Label of our volumes: UID of the claim they were made for. Ownership of the name rests on it. */
export const CLAIM_UID_LABEL = 'tenantry.dev/claim-uid';

/** Where the scheduler wants the volume of a claim that waits for its first consumer. */
const SELECTED_NODE = 'volume.kubernetes.io/selected-node';

/** The label that a kubelet gives its node. */
const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** A folder's name is made of nothing but this: no claim's name can lead anywhere else. */
const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What is to be done about a claim on one node. */
export type ClaimStep =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'refuse'; readonly message: string }
  | { readonly kind: 'provision'; readonly volume: string };

/** What the decision looks at. */
export interface ClaimWorld {
  readonly nodeName: string;
  readonly storageClass: StorageClass | undefined;
  /** Volumes that exist already, by name. */
  readonly hasVolume: (name: string) => boolean;
}

/** Name of a claim's volume, and of its folder: by UID, so that a claim of the same name gets another. Undefined for no UID. */
export const volumeName = (claimUid: string | undefined): string | undefined =>
  claimUid !== undefined && UID.test(claimUid) ? `pvc-${claimUid}` : undefined;

/** Decides about one claim. Pure. Claims of other provisioners, other nodes and bound ones are nobody's business here. */
export function claimStep(claim: PersistentVolumeClaim, world: ClaimWorld): ClaimStep {
  const { storageClass, nodeName } = world;
  const volume = volumeName(claim.metadata.uid);
  const isOurs = storageClass?.provisioner === PROVISIONER;
  const isOpen = claim.metadata.deletionTimestamp === undefined && claim.spec?.volumeName === undefined;
  if (!isOurs || !isOpen || volume === undefined || world.hasVolume(volume)) return { kind: 'ignore' };
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  if (selected === undefined && storageClass.volumeBindingMode === 'WaitForFirstConsumer')
    return { kind: 'ignore' };
  if (selected !== undefined && selected !== nodeName) return { kind: 'ignore' };
  const refusal = refusalOf(claim, storageClass);
  if (refusal !== undefined) return { kind: 'refuse', message: refusal };
  return { kind: 'provision', volume };
}

/** What a folder on one node can't be; a claim that asks for it is told so instead of getting something else. */
function refusalOf(claim: PersistentVolumeClaim, storageClass: StorageClass): string | undefined {
  const { spec } = claim;
  const name = storageClass.metadata.name;
  if (storageClass.volumeBindingMode !== 'WaitForFirstConsumer') {
    return `StorageClass ${name}: volumeBindingMode must be WaitForFirstConsumer, because a local volume belongs to one node`;
  }
  if ((storageClass.mountOptions ?? []).length > 0) {
    return `StorageClass ${name}: mountOptions are not possible, because a local volume is a folder and is not mounted from a device; remove them`;
  }
  if (spec?.volumeMode === 'Block') {
    return 'spec.volumeMode: Block is not possible with local volumes; use Filesystem';
  }
  if (spec?.selector !== undefined) {
    return 'spec.selector: volumes are made for their claim and can not be selected; remove it or name a volume';
  }
  if (spec?.dataSource !== undefined || spec?.dataSourceRef !== undefined) {
    return 'spec.dataSource: local volumes can not be made from snapshots or other claims; remove it';
  }
  return undefined;
}

/**
 * The volume for a claim: a folder of this node, bound to the node and to the claim. Its size is what was asked for;
 * nothing enforces it. The finalizer keeps the object until the folder is gone, whoever deletes it.
 */
export function volumeFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  place: { readonly nodeName: string; readonly name: string; readonly path: string },
): PersistentVolume {
  const { namespace, name, uid } = claim.metadata;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: place.name,
      labels: { [CLAIM_UID_LABEL]: uid ?? '' },
      annotations: { [PROVISIONED_BY]: PROVISIONER },
      finalizers: [FINALIZER],
    },
    spec: {
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '0' },
      accessModes: claim.spec?.accessModes ?? ['ReadWriteOnce'],
      volumeMode: 'Filesystem',
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        ...(namespace === undefined ? {} : { namespace }),
        name,
        ...(uid === undefined ? {} : { uid }),
      },
      local: { path: place.path },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: HOSTNAME_LABEL, operator: 'In', values: [place.nodeName] }] },
          ],
        },
      },
    },
  };
}

/** What is to be done about a volume on one node: `clear` the folder, then delete the object or let it go. */
export type VolumeStep =
  | { readonly kind: 'ignore' }
  | { readonly kind: 'delete' | 'release'; readonly volume: string; readonly clear: boolean };

/** The node of an agent and where it puts folders. */
export interface VolumePlace {
  readonly nodeName: string;
  readonly pathOf: (name: string) => string;
}

/** Phases of a volume whose claim is gone. */
const GIVEN_BACK: readonly string[] = ['Released', 'Failed'];

/**
 * Decides about one volume. Pure. Only volumes that say they are ours, are on this node and point exactly where we put
 * them are touched: a volume somebody wrote by hand can't have a folder of its choice removed.
 */
export function volumeStep(volume: PersistentVolume, place: VolumePlace): VolumeStep {
  const name = volumeName(volume.spec?.claimRef?.uid);
  if (name === undefined || !isOurs(volume, name, place)) return { kind: 'ignore' };
  const phase = volume.status?.phase ?? 'Pending';
  const clear = volume.spec?.persistentVolumeReclaimPolicy === 'Delete';
  if (volume.metadata.deletionTimestamp === undefined) {
    return clear && GIVEN_BACK.includes(phase) ? { kind: 'delete', volume: name, clear } : { kind: 'ignore' };
  }
  // A bound volume that is being deleted is in use until its claim goes: Kubernetes protects it, and so do we.
  const isHeld = volume.metadata.finalizers?.includes(FINALIZER) ?? false;
  const isFree = phase === 'Available' || GIVEN_BACK.includes(phase);
  return isHeld && isFree ? { kind: 'release', volume: name, clear } : { kind: 'ignore' };
}

function isOurs(volume: PersistentVolume, name: string, place: VolumePlace): boolean {
  const { spec, metadata } = volume;
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const isHere = terms.some((term) =>
    term.matchExpressions?.some(({ values }) => values?.includes(place.nodeName)),
  );
  const isNamedSo = metadata.annotations?.[PROVISIONED_BY] === PROVISIONER && metadata.name === name;
  return isHere && isNamedSo && spec?.local?.path === place.pathOf(name);
}
