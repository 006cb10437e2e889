import { describe, expect, it } from 'vitest';
import { POD } from '../kube/builtin-kinds.ts';
import type { ObjectRef } from '../kube/kind.ts';
import { deleteRequest, getRequest, patchRequest } from './requests.ts';

describe('requests for one object', () => {
  it('name the object', () => {
    expect(deleteRequest(POD, { namespace: 'a', name: 'b' }, {}).path).toBe('/api/v1/namespaces/a/pods/b');
  });

  // Deleting "the pod without a name" once deleted all pods of a namespace.
  const broken: readonly [string, unknown][] = [
    ['no name', { namespace: 'a' }],
    ['an empty name', { namespace: 'a', name: '' }],
    ['a name that a URL resolves', { namespace: 'a', name: '..' }],
    ['an empty namespace', { namespace: '', name: 'b' }],
    ['a namespace that a URL resolves', { namespace: '..', name: 'b' }],
  ];
  it.each(broken)('are refused with %s', (_what, ref) => {
    // What the types forbid, and what a mistake elsewhere makes of them.
    const given = ref as ObjectRef;
    expect(() => deleteRequest(POD, given, {})).toThrow(/is no name of an object/);
    expect(() => getRequest(POD, given)).toThrow(/is no name of an object/);
    expect(() => patchRequest(POD, given, { type: 'merge', body: {} }, {})).toThrow(
      /is no name of an object/,
    );
  });
});
