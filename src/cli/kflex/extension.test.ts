import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../api/json-schema.ts';
import { changeContext, changeGlobal, contextData, globalData } from './extension.ts';
import type { KubeFiles } from './kube-files.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const one = (content: JsonObject): KubeFiles => [{ path: '/f', exists: true, content }];
const contentOf = (files: KubeFiles): JsonObject => files[0]?.content ?? {};
const minikube = { name: 'minikube', extension: { provider: 'minikube.sigs.k8s.io' } };

describe("KubeFlex's extension", () => {
  it('has the form of KubeFlex and stands beside those of other tools', () => {
    const files = changeGlobal(one({ extensions: [minikube] }), { 'hosting-cluster-ctx-name': 'hub' }, NOW);

    expect(contentOf(files)['extensions']).toEqual([
      minikube,
      {
        name: 'kubeflex',
        extension: {
          data: { 'hosting-cluster-ctx-name': 'hub' },
          metadata: { name: 'kubeflex', creationTimestamp: '2026-11-21T12:00:00Z' },
        },
      },
    ]);
  });

  it('keeps extensions of other tools at a context, also when ours goes', () => {
    const context = { name: 'a', context: { cluster: 'a', extensions: [minikube] } };
    const marked = changeContext(one({ contexts: [context] }), 'a', { 'controlplane-name': 'cp1' }, NOW);

    expect(contextData(marked, 'a')).toEqual({ 'controlplane-name': 'cp1' });
    expect(JSON.stringify(contentOf(marked))).toContain('minikube.sigs.k8s.io');
    const unmarked = changeContext(marked, 'a', { 'controlplane-name': undefined }, NOW);
    expect(contentOf(unmarked)).toEqual({ contexts: [context] });
  });

  it('keeps the time of its making', () => {
    const first = changeGlobal(one({}), { 'hosting-cluster-ctx-name': 'a' }, NOW);
    const second = changeGlobal(first, { 'hosting-cluster-ctx-name': 'b' }, NOW + 60_000);

    expect(JSON.stringify(contentOf(second))).toContain('2026-11-21T12:00:00Z');
    expect(globalData(second)).toEqual({ 'hosting-cluster-ctx-name': 'b' });
  });

  it('reads what older releases wrote, and brings it over when it writes', () => {
    const data = { 'kflex-initial-ctx-name': 'old-hub' };
    const old = one({
      preferences: { extensions: [{ name: 'kflex-config-extension-name', extension: { data } }] },
    });

    expect(globalData(old)).toEqual({ 'hosting-cluster-ctx-name': 'old-hub' });
    expect(globalData(one({ extensions: [{ name: 'kubeflex', extension: { data } }] }))).toEqual({
      'hosting-cluster-ctx-name': 'old-hub',
    });
    const files = changeGlobal(old, { 'hosting-cluster-ctx-name': undefined }, NOW);
    expect(globalData(files)).toEqual({});
  });

  it('is unknown where it never was', () => {
    expect(globalData(one({ extensions: [minikube] }))).toBeUndefined();
    expect(contextData(one({}), 'a')).toBeUndefined();
  });
});
