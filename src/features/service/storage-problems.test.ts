import { describe, expect, it } from 'vitest';
import type { StorageClass } from '../../kube/builtin-kinds.ts';
import type { ChartObject } from './chart-objects.ts';
import { storageProblems } from './storage-problems.ts';

const storageClass = (name: string, reclaimPolicy: string, defaultSince?: string): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name,
    ...(defaultSince === undefined
      ? {}
      : {
          creationTimestamp: defaultSince,
          annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
        }),
  },
  provisioner: 'example.com/disk',
  reclaimPolicy,
});

const claim = (storageClassName?: string): ChartObject => ({
  source: 'x/templates/claim.yaml',
  object: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: storageClassName === undefined ? {} : { storageClassName },
  },
});

const statefulSet = (storageClassName: string): ChartObject => ({
  source: 'x/templates/db.yaml',
  object: {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: { volumeClaimTemplates: [{ spec: { storageClassName } }] },
  },
});

describe('storageProblems', () => {
  const fast = storageClass('fast', 'Delete');
  const kept = storageClass('kept', 'Retain');
  const refused = ['Storage class with reclaim policy Retain not allowed.'];

  it.each<[string, ChartObject[], StorageClass[], string[]]>([
    ['a class that deletes', [claim('fast')], [fast, kept], []],
    ['a class that keeps', [claim('kept')], [fast, kept], refused],
    ['two claims of a class that keeps, once', [claim('kept'), claim('kept')], [kept], refused],
    ['a template of a StatefulSet', [statefulSet('kept')], [fast, kept], refused],
    ['the default class', [claim()], [storageClass('d', 'Retain', '2026-01-01T00:00:00Z')], refused],
    [
      'the newest of several default classes',
      [claim()],
      [
        storageClass('old', 'Retain', '2025-01-01T00:00:00Z'),
        storageClass('new', 'Delete', '2026-01-01T00:00:00Z'),
      ],
      [],
    ],
    ['no default class', [claim()], [kept], []],
    ['a class that does not exist', [claim('none')], [kept], []],
    ['a volume made by hand', [claim('')], [kept], []],
  ])('judges %s', (_what, objects, classes, messages) => {
    expect(storageProblems(objects, classes).map(({ message }) => message)).toEqual(messages);
  });
});
