import {
  PV,
  PVC,
  STORAGE_CLASS,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
} from '../../kube/builtin-kinds.ts';
import type { ObjectRef } from '../../kube/kind.ts';
import type { Controller, Stores } from '../../runtime/controller.ts';
import { NOTHING, type Plan, type StatusBase } from '../../runtime/plan.ts';
import { watch } from '../../runtime/watch.ts';
import {
  CLAIM_UID_LABEL,
  claimStep,
  volumeFor,
  volumeStep,
  type ClaimStep,
  type VolumeStep,
} from './volume-claim.ts';
import type { VolumeFolders } from './volume-folders.ts';
import { messageOf } from '../../lib/error-text.ts';

/** Where this agent's volumes are. */
export interface StoragePlace {
  readonly nodeName: string;
  readonly folders: VolumeFolders;
}

/** What is known about a claim when its plan is made. */
export interface ClaimObserved {
  readonly step: ClaimStep;
  readonly storageClass: StorageClass | undefined;
}

/**
 * Makes volumes for claims. The folder is made while observing: it must exist before the volume says so, a plan speaks of
 * API objects only, and making it twice is harmless.
 */
export function claimController(
  place: StoragePlace,
): Controller<PersistentVolumeClaim, ClaimObserved, StatusBase> {
  return {
    name: 'local-claim',
    kind: PVC,
    watches: [
      watch({ kind: STORAGE_CLASS, wakes: (storageClass, stores) => openClaims(storageClass, stores) }),
      watch({ kind: PV, wakes: () => [] }),
    ],
    observe: async (claim, { stores }) => {
      const className = claim.spec?.storageClassName;
      const storageClass =
        className === undefined ? undefined : stores.get(STORAGE_CLASS, { name: className });
      const hasVolume = (name: string): boolean => stores.get(PV, { name }) !== undefined;
      const step = claimStep(claim, { nodeName: place.nodeName, storageClass, hasVolume });
      if (step.kind === 'provision') await place.folders.prepare(step.volume);
      return { step, storageClass };
    },
    plan: (claim, { step, storageClass }) => planClaim(claim, step, storageClass, place),
    explain: (_claim, error) => failed('ProvisioningFailed', error),
  };
}

function planClaim(
  claim: PersistentVolumeClaim,
  step: ClaimStep,
  storageClass: StorageClass | undefined,
  { nodeName, folders }: StoragePlace,
): Plan {
  if (step.kind === 'refuse') {
    return {
      stages: [],
      events: [{ type: 'Warning', reason: 'ProvisioningFailed', message: step.message, always: true }],
    };
  }
  if (step.kind === 'ignore' || storageClass === undefined) return NOTHING;
  const place = { nodeName, name: step.volume, path: folders.pathOf(step.volume) };
  return {
    stages: [
      {
        name: 'volume',
        writes: [
          {
            verb: 'own',
            kind: PV,
            object: volumeFor(claim, storageClass, place),
            owner: claim.metadata.uid ?? '',
            ownerLabel: CLAIM_UID_LABEL,
          },
        ],
      },
    ],
    events: [
      {
        type: 'Normal',
        reason: 'ProvisioningSucceeded',
        message: `Made volume ${step.volume} on node ${nodeName}`,
        always: true,
      },
    ],
  };
}

/** Removes the folders of volumes that were given back, then the volumes. */
export function volumeController(place: StoragePlace): Controller<PersistentVolume, VolumeStep, StatusBase> {
  return {
    name: 'local-volume',
    kind: PV,
    watches: [],
    observe: async (volume) => {
      const step = volumeStep(volume, { nodeName: place.nodeName, pathOf: place.folders.pathOf });
      if (step.kind !== 'ignore' && step.clear) await place.folders.remove(step.volume);
      return step;
    },
    plan: (volume, step) => planVolume(volume, step),
    explain: (_volume, error) => failed('VolumeFailedDelete', error),
  };
}

function planVolume(volume: PersistentVolume, step: VolumeStep): Plan {
  const { name, uid } = volume.metadata;
  if (step.kind === 'ignore' || uid === undefined) return NOTHING;
  if (step.kind === 'release') return { stages: [], finalizer: 'absent' };
  return { stages: [{ name: 'volume', writes: [{ verb: 'delete', kind: PV, ref: { name }, uid }] }] };
}

function failed(reason: string, error: unknown): Plan {
  const message = messageOf(error);
  return { stages: [], events: [{ type: 'Warning', reason, message, always: true }] };
}

/** A class that came late, or was mended, serves the claims that wait for it. */
function openClaims(storageClass: StorageClass, stores: Stores): readonly ObjectRef[] {
  return stores
    .list(PVC)
    .filter(
      ({ spec }) => spec?.storageClassName === storageClass.metadata.name && spec.volumeName === undefined,
    )
    .map(({ metadata }) => ({ namespace: metadata.namespace, name: metadata.name }));
}
