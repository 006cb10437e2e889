import { describe, expect, it } from 'vitest';
import type { Reader } from '../../client/client.ts';
import { runtimeClassProblems } from './runtime-class-problems.ts';

const having = (...names: readonly string[]): Pick<Reader, 'list'> => ({
  list: (kind) =>
    Promise.resolve({
      resourceVersion: '1',
      // True enough: only names are read.
      items: names.map((name) => ({ apiVersion: 'v1', kind: kind.kind, metadata: { name } })) as never,
    }),
});

describe('a RuntimeClass that a composition names', () => {
  it('must be there', async () => {
    const spec = { policies: { runtimeClass: 'gvisor' } };

    expect(await runtimeClassProblems(having('gvisor'), spec)).toEqual([]);
    expect(await runtimeClassProblems(having('kata', 'runc'), spec)).toMatchObject([
      {
        reason: 'RuntimeClassMissing',
        message: expect.stringContaining('no RuntimeClass gvisor (it has: kata, runc)'),
      },
    ]);
    expect(await runtimeClassProblems(having(), spec)).toHaveLength(1);
  });

  it('is nobody’s business where none is named', async () => {
    expect(await runtimeClassProblems(having(), {})).toEqual([]);
    expect(await runtimeClassProblems(having(), { policies: {} })).toEqual([]);
  });
});
