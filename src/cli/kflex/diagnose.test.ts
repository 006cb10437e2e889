import { describe, expect, it } from 'vitest';
import { addPlane, deleteContext, setHosting } from './contexts.ts';
import { diagnose } from './diagnose.ts';
import { changeContext, changeGlobal } from './extension.ts';
import type { KubeFiles } from './kube-files.ts';

const NOW = 0;
const plain: KubeFiles = [
  {
    path: '/f',
    exists: true,
    content: {
      contexts: [
        { name: 'hub', context: { cluster: 'hub', user: 'hub' } },
        { name: 'other', context: { cluster: 'other', user: 'other' } },
      ],
      clusters: [{ name: 'hub', cluster: { server: 'https://hub' } }],
      users: [{ name: 'hub', user: {} }],
    },
  },
];
const good = setHosting(plain, 'hub', NOW);

describe('diagnose', () => {
  it('speaks of the global extension in the words of KubeFlex', () => {
    expect(diagnose(plain, undefined)).toMatchObject({
      status: 'critical',
      message: 'Global kubeflex extension is not present in kubeconfig',
    });
    expect(diagnose(changeGlobal(plain, {}, NOW), undefined)).toMatchObject({
      status: 'warning',
      message: 'Global kubeflex extension is present but empty',
    });
    expect(diagnose(good, [])).toEqual({
      status: 'ok',
      message: 'Global kubeflex extension is present and properly configured',
      data: { 'hosting-cluster-ctx-name': 'hub' },
      findings: [],
    });
  });

  it('finds a hosting context that is not there', () => {
    const files = changeGlobal(deleteContext(good, 'hub', NOW), { 'hosting-cluster-ctx-name': 'hub' }, NOW);

    expect(diagnose(files, undefined)).toMatchObject({
      status: 'critical',
      message: expect.stringContaining('"hub" is not in') as string,
    });
  });

  it('finds a second mark and contexts of planes that are gone', () => {
    const source = {
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      clusters: [{ name: 'x', cluster: { server: 'https://x' } }],
      users: [{ name: 'x', user: {} }],
    };
    const files = changeContext(
      addPlane(good, 'cp1', source, NOW),
      'other',
      { 'is-hosting-cluster-ctx': 'true' },
      NOW,
    );

    expect(diagnose(files, ['cp1'])).toMatchObject({
      status: 'warning',
      findings: [expect.stringContaining('other is marked') as string],
    });
    expect(diagnose(files, []).findings).toHaveLength(2);
    expect(diagnose(files, undefined).findings).toHaveLength(1);
  });
});
