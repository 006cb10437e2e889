import { describe, expect, it } from 'vitest';
import { FINALIZER } from '../../api/names.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../kube/builtin-kinds.ts';
import { claimStep, volumeFor, volumeName, volumeStep } from './volume-claim.ts';

const UID = '0b5f6a1e-1111-4222-8333-944445555666';
const NAME = `pvc-${UID}`;

const storageClass = (changes: Partial<StorageClass> = {}): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard' },
  provisioner: 'tenantry.dev/local',
  volumeBindingMode: 'WaitForFirstConsumer',
  reclaimPolicy: 'Delete',
  ...changes,
});

interface ClaimWish {
  readonly node?: string | undefined;
  readonly uid?: string;
  readonly spec?: PersistentVolumeClaim['spec'];
  readonly deleted?: boolean;
}

const claim = ({ spec, deleted = false, ...wish }: ClaimWish = {}): PersistentVolumeClaim => {
  const node = 'node' in wish ? wish.node : 'n1';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'data',
      namespace: 'shop',
      uid: wish.uid ?? UID,
      annotations: node === undefined ? {} : { 'volume.kubernetes.io/selected-node': node },
      ...(deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      storageClassName: 'standard',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
  };
};

const stepOf = (
  one: PersistentVolumeClaim,
  { of = storageClass(), exists = false }: { of?: StorageClass | undefined; exists?: boolean } = {},
): string => {
  const step = claimStep(one, { nodeName: 'n1', storageClass: of, hasVolume: () => exists });
  return step.kind === 'refuse' ? (step.message.split(':')[0] ?? '') : step.kind;
};

describe('claimStep', () => {
  it('provisions a claim that the scheduler gave to this node', () => {
    expect(
      claimStep(claim(), { nodeName: 'n1', storageClass: storageClass(), hasVolume: () => false }),
    ).toEqual({
      kind: 'provision',
      volume: NAME,
    });
  });

  it.each([
    ['of another provisioner', claim(), { of: storageClass({ provisioner: 'other' }) }],
    ['of another node', claim({ node: 'n2' }), {}],
    ['that still waits for its first consumer', claim({ node: undefined }), {}],
    ['that is bound', claim({ spec: { volumeName: 'pv' } }), {}],
    ['that is being deleted', claim({ deleted: true }), {}],
    ['whose volume exists', claim(), { exists: true }],
    ['whose UID is none', claim({ uid: '../../etc' }), {}],
  ])('leaves alone a claim %s', (_what, one, world) => {
    expect(stepOf(one, world)).toBe('ignore');
  });

  it('leaves alone a claim whose class is unknown', () => {
    expect(claimStep(claim(), { nodeName: 'n1', storageClass: undefined, hasVolume: () => false }).kind).toBe(
      'ignore',
    );
  });

  it.each([
    ['StorageClass standard', claim(), { of: storageClass({ mountOptions: ['ro'] }) }],
    [
      'StorageClass standard',
      claim({ node: undefined }),
      { of: storageClass({ volumeBindingMode: 'Immediate' }) },
    ],
    ['spec.volumeMode', claim({ spec: { volumeMode: 'Block' } }), {}],
    ['spec.selector', claim({ spec: { selector: {} } }), {}],
    ['spec.dataSource', claim({ spec: { dataSource: { kind: 'VolumeSnapshot', name: 's' } } }), {}],
  ])('refuses what a folder can not be, naming %s', (field, one, world) => {
    expect(stepOf(one, world)).toBe(field);
  });
});

describe('volumeName', () => {
  it.each([undefined, '', '..', `${UID}/..`, UID.toUpperCase(), `${UID}\n`])('makes nothing of %j', (uid) => {
    expect(volumeName(uid)).toBeUndefined();
  });
});

const volume = (changes: {
  readonly phase?: string;
  readonly policy?: string;
  readonly deleted?: boolean;
  readonly edit?: (made: PersistentVolume) => PersistentVolume;
}): PersistentVolume => {
  const { phase = 'Released', policy = 'Delete', deleted = false, edit = (made) => made } = changes;
  const made = volumeFor(claim(), storageClass({ reclaimPolicy: policy }), {
    nodeName: 'n1',
    name: NAME,
    path: `/vol/${NAME}`,
  });
  const deletion = deleted ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {};
  return edit({ ...made, metadata: { ...made.metadata, uid: 'pv-uid', ...deletion }, status: { phase } });
};

const volumeStepOf = (one: PersistentVolume, nodeName = 'n1'): string => {
  const step = volumeStep(one, { nodeName, pathOf: (name) => `/vol/${name}` });
  return step.kind === 'ignore' ? 'ignore' : `${step.kind}${step.clear ? ' and clear' : ''}`;
};

describe('volumeFor', () => {
  it('is bound to node and claim, says whose it is and is kept by our finalizer', () => {
    const made = volumeFor(claim(), storageClass(), { nodeName: 'n1', name: NAME, path: '/vol/x' });

    expect(made).toMatchObject({
      metadata: {
        name: NAME,
        labels: { 'tenantry.dev/claim-uid': UID },
        annotations: { 'pv.kubernetes.io/provisioned-by': 'tenantry.dev/local' },
        finalizers: [FINALIZER],
      },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'standard',
        claimRef: { namespace: 'shop', name: 'data', uid: UID },
        local: { path: '/vol/x' },
      },
    });
    expect(JSON.stringify(made.spec?.nodeAffinity)).toContain('"values":["n1"]');
  });
});

describe('volumeStep', () => {
  it.each([
    ['is in use', { phase: 'Bound' }, 'ignore'],
    ['was given back', { phase: 'Released' }, 'delete and clear'],
    ['was given back and failed', { phase: 'Failed' }, 'delete and clear'],
    ['was given back and is to be retained', { policy: 'Retain' }, 'ignore'],
    ['was given back and is being deleted', { deleted: true }, 'release and clear'],
    ['was never bound and is being deleted', { phase: 'Available', deleted: true }, 'release and clear'],
    ['is retained and being deleted by hand', { policy: 'Retain', deleted: true }, 'release'],
    ['is in use and being deleted by hand', { phase: 'Bound', deleted: true }, 'ignore'],
  ])('knows what to do with a volume that %s', (_what, changes, expected) => {
    expect(volumeStepOf(volume(changes))).toBe(expected);
  });

  it.each<[string, (made: PersistentVolume) => PersistentVolume]>([
    ['without our annotation', (made) => ({ ...made, metadata: { ...made.metadata, annotations: {} } })],
    ['under another name', (made) => ({ ...made, metadata: { ...made.metadata, name: 'x' } })],
    ['that points elsewhere', (made) => ({ ...made, spec: { ...made.spec, local: { path: '/etc' } } })],
    ['without a claim', (made) => ({ ...made, spec: { local: { path: `/vol/${NAME}` } } })],
  ])('touches no volume %s', (_what, edit) => {
    expect(volumeStepOf(volume({ edit }))).toBe('ignore');
  });

  it('touches no volume of another node', () => {
    expect(volumeStepOf(volume({}), 'n2')).toBe('ignore');
  });
});
