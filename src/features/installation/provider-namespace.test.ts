import { describe, expect, it } from 'vitest';
import type { Reader } from '../../client/client.ts';
import { KubeError } from '../../kube/kube-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { isProviderNamespace } from './provider-namespace.ts';

/** A reader that answers only `find`, which is all that is called. */
const reader = (find: () => Promise<KubeObject | undefined>): Reader => ({ find }) as unknown as Reader;
const namespace = (labels: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'a', labels },
});

describe('isProviderNamespace', () => {
  it.each([
    ['carries the label', () => Promise.resolve(namespace({ managedby: 'kubeplus' })), true],
    ['does not', () => Promise.resolve(namespace({ managedby: 'helm' })), false],
    ['is not there', () => Promise.resolve(undefined), false],
    ['may not be read', () => Promise.reject(new KubeError('Forbidden', 'no')), true],
  ])('for a namespace that %s', async (_name, find, expected) => {
    expect(await isProviderNamespace(reader(find), 'a')).toBe(expected);
  });

  it('passes other failures on', async () => {
    const find = (): Promise<undefined> => Promise.reject(new KubeError('Network', 'gone'));

    await expect(isProviderNamespace(reader(find), 'a')).rejects.toThrow('gone');
  });
});
