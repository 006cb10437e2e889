import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/object.ts';
import { unionOfSlims, withoutManagedFields } from './slim.ts';

interface Thing extends KubeObject {
  readonly spec?: {
    readonly a?: number;
    readonly b?: number;
    readonly mark?: string;
    readonly list?: readonly { readonly x?: number; readonly y?: number }[];
  };
}
const metadata = { name: 'n', managedFields: [{ manager: 'm' }] } as KubeObject['metadata'];
const whole: Thing = { apiVersion: 'v1', kind: 'T', metadata, spec: { a: 1, b: 2, list: [{ x: 1, y: 2 }] } };
const { apiVersion, kind } = whole;
const bare = { apiVersion, kind, metadata: { name: 'n' } };
const onlyA = (object: Thing): Thing => ({
  apiVersion,
  kind,
  metadata: { name: object.metadata.name },
  spec: { a: object.spec?.a ?? 0, list: [{ x: 1 }] },
});
const onlyB = (object: Thing): Thing => ({
  apiVersion,
  kind,
  metadata: { name: object.metadata.name },
  spec: { b: object.spec?.b ?? 0, list: [{ y: 2 }] },
});
const noList = (object: Thing): Thing => ({
  apiVersion,
  kind,
  metadata: { name: object.metadata.name },
  spec: { list: [] },
});
const marked = (object: Thing): Thing => {
  const { managedFields } = object.metadata as { managedFields?: { manager: string }[] };
  return {
    apiVersion,
    kind,
    metadata: { name: 'n' },
    spec: { mark: managedFields?.[0]?.manager ?? 'unseen' },
  };
};

describe('slims', () => {
  it('drop managedFields by default', () => {
    expect(withoutManagedFields(whole).metadata).toEqual({ name: 'n' });
  });

  it.each([
    ['one function is used as it is', [onlyA], { a: 1, list: [{ x: 1 }] }],
    [
      'of two, what either keeps is kept, inside lists too',
      [onlyA, onlyB],
      { a: 1, b: 2, list: [{ x: 1, y: 2 }] },
    ],
    ['a list that was filtered is kept whole', [onlyA, noList], { a: 1, list: [{ x: 1, y: 2 }] }],
    [
      'what one computes is kept beside what another keeps',
      [marked, undefined],
      { a: 1, b: 2, list: [{ x: 1, y: 2 }], mark: 'm' },
    ],
    ['whoever wants everything gets everything', [onlyA, undefined], { a: 1, b: 2, list: [{ x: 1, y: 2 }] }],
  ])('%s', (_name, slims, spec) => {
    expect(unionOfSlims(new Set(slims))(whole)).toEqual({ ...bare, spec });
  });
});
