import { describe, expect, it } from 'vitest';
import type { AnyObject, ObjectMeta } from '../../kube/object.ts';
import { compositionPatch } from './mutate.ts';

const user = { username: 'alice', uid: '', groups: [] };
const object = (metadata: Partial<ObjectMeta>): AnyObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: { name: 'x', ...metadata },
});
const FINALIZERS = ['tenantry.dev/cleanup'];

describe('compositionPatch', () => {
  it('writes down who created it and adds the finalizer', () => {
    expect(compositionPatch({ operation: 'CREATE', object: object({}), oldObject: undefined, user })).toEqual(
      [
        { op: 'add', path: '/metadata/annotations', value: { accountidentity: 'alice' } },
        { op: 'add', path: '/metadata/finalizers', value: FINALIZERS },
      ],
    );
  });

  it('keeps what else is there', () => {
    const given = object({ annotations: { a: 'b' }, finalizers: ['x/y'] });

    expect(compositionPatch({ operation: 'CREATE', object: given, oldObject: undefined, user })).toEqual([
      { op: 'add', path: '/metadata/annotations/accountidentity', value: 'alice' },
      { op: 'add', path: '/metadata/finalizers/-', value: 'tenantry.dev/cleanup' },
    ]);
  });

  it('does not let a creator name somebody else', () => {
    const given = object({ annotations: { accountidentity: 'bob' }, finalizers: FINALIZERS });

    expect(compositionPatch({ operation: 'CREATE', object: given, oldObject: undefined, user })).toEqual([
      { op: 'add', path: '/metadata/annotations/accountidentity', value: 'alice' },
    ]);
  });

  it.each<[string, Partial<ObjectMeta>, Partial<ObjectMeta>, unknown[]]>([
    [
      'keeps the creator when a later writer changes it',
      { annotations: { accountidentity: 'mallory' } },
      { annotations: { accountidentity: 'bob' } },
      [{ op: 'add', path: '/metadata/annotations/accountidentity', value: 'bob' }],
    ],
    [
      'puts the creator back when a later writer removes it',
      {},
      { annotations: { accountidentity: 'bob' } },
      [{ op: 'add', path: '/metadata/annotations', value: { accountidentity: 'bob' } }],
    ],
    [
      'takes away what nobody wrote at creation',
      { annotations: { accountidentity: 'mallory' } },
      {},
      [{ op: 'remove', path: '/metadata/annotations/accountidentity' }],
    ],
    [
      'changes nothing otherwise',
      { annotations: { accountidentity: 'bob' } },
      { annotations: { accountidentity: 'bob' } },
      [],
    ],
  ])('%s', (_name, now, before, expected) => {
    expect(
      compositionPatch({ operation: 'UPDATE', object: object(now), oldObject: object(before), user }),
    ).toEqual(expected);
  });
});
