import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../api/json-schema.ts';
import {
  addPlane,
  contextsOfPlane,
  deleteContext,
  hostingContext,
  renameContext,
  setHosting,
} from './contexts.ts';
import { contextData, globalData } from './extension.ts';
import { currentContext, entryNames, findEntry, useContext, type KubeFiles } from './kube-files.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

const kubeconfig = (name: string, cluster = name, user = name): JsonObject => ({
  'current-context': name,
  clusters: [{ name: cluster, cluster: { server: `https://${cluster}` } }],
  users: [{ name: user, user: { token: user } }],
  contexts: [{ name, context: { cluster, user } }],
});
const filesOf = (...contents: readonly JsonObject[]): KubeFiles =>
  contents.map((content, i) => ({ path: `/f${i}`, exists: true, content }));
const host = (): KubeFiles => setHosting(filesOf(kubeconfig('kind-a')), 'kind-a', NOW);
const withPlane = (): KubeFiles => addPlane(host(), 'cp1', kubeconfig('my-vcluster'), NOW);
/** The items of the one file's contexts, as they stand. */
const items = ([file]: KubeFiles): readonly JsonObject[] => {
  const list = file?.content['contexts'];
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
};
const lists = (files: KubeFiles): unknown => ({
  clusters: entryNames(files, 'clusters'),
  users: entryNames(files, 'users'),
  contexts: entryNames(files, 'contexts'),
});

describe('addPlane', () => {
  it('gives cluster, user and context the names of KubeFlex and marks the context', () => {
    const files = withPlane();

    expect(lists(files)).toEqual({
      clusters: ['kind-a', 'cp1-cluster'],
      users: ['kind-a', 'cp1-admin'],
      contexts: ['kind-a', 'cp1'],
    });
    expect(findEntry(files, 'clusters', 'cp1-cluster')).toEqual({ server: 'https://my-vcluster' });
    expect(contextData(files, 'cp1')).toEqual({ 'controlplane-name': 'cp1' });
    expect(currentContext(files)).toBe('kind-a');
  });

  it('takes a second time what the plane has now, and keeps what others wrote at the context', () => {
    const before = withPlane();
    const contexts = items(before).map((item) => {
      const context = isJsonObject(item['context']) ? item['context'] : {};
      const ours = Array.isArray(context['extensions']) ? context['extensions'].filter(isJsonObject) : [];
      return { ...item, context: { ...context, extensions: [...ours, { name: 'minikube', extension: 1 }] } };
    });
    const files = addPlane(filesOf({ ...before[0]?.content, contexts }), 'cp1', kubeconfig('renewed'), NOW);

    expect(findEntry(files, 'users', 'cp1-admin')).toEqual({ token: 'renewed' });
    expect(JSON.stringify(findEntry(files, 'contexts', 'cp1'))).toContain('minikube');
  });

  it('refuses to take the name of a context that leads elsewhere', () => {
    const files = filesOf(kubeconfig('cp1', 'production'));

    expect(() => addPlane(files, 'cp1', kubeconfig('x'), NOW)).toThrow(/does not lead to the control plane/);
  });

  it('refuses a kubeconfig without a context', () => {
    expect(() => addPlane(host(), 'cp1', { clusters: [] }, NOW)).toThrow(/has no context/);
  });
});

describe('renameContext', () => {
  it('renames context, cluster and user of a plane, and the plane is still found', () => {
    const files = renameContext(useContext(withPlane(), 'cp1'), 'cp1', 'blue', NOW);

    expect(lists(files)).toEqual({
      clusters: ['kind-a', 'blue-cluster'],
      users: ['kind-a', 'blue-admin'],
      contexts: ['kind-a', 'blue'],
    });
    expect(currentContext(files)).toBe('blue');
    expect(contextsOfPlane(files, 'cp1')).toEqual(['blue']);
  });

  it('leaves cluster and user of a context that is not named as KubeFlex names', () => {
    const files = renameContext(host(), 'kind-a', 'hub', NOW);

    expect(findEntry(files, 'contexts', 'hub')).toMatchObject({ cluster: 'kind-a', user: 'kind-a' });
    expect(lists(files)).toEqual({ clusters: ['kind-a'], users: ['kind-a'], contexts: ['hub'] });
    expect(currentContext(files)).toBe('hub');
    expect(hostingContext(files)).toBe('hub');
  });

  it('leaves a cluster that another context uses, too', () => {
    const plane = withPlane();
    const extra = { name: 'view', context: { cluster: 'cp1-cluster', user: 'kind-a' } };
    const contexts = [...items(plane), extra];
    const files = renameContext(filesOf({ ...plane[0]?.content, contexts }), 'cp1', 'blue', NOW);

    expect(findEntry(files, 'contexts', 'blue')).toMatchObject({
      cluster: 'cp1-cluster',
      user: 'blue-admin',
    });
    expect(findEntry(files, 'clusters', 'cp1-cluster')).toBeDefined();
  });

  it('refuses a name that is taken and a context that is not there', () => {
    expect(() => renameContext(withPlane(), 'cp1', 'kind-a', NOW)).toThrow(/has a context "kind-a" already/);
    expect(() => renameContext(withPlane(), 'cp2', 'x', NOW)).toThrow(/has no context "cp2"/);
  });
});

describe('deleteContext', () => {
  it('removes what only this context used and goes back to the hosting cluster', () => {
    const files = deleteContext(useContext(withPlane(), 'cp1'), 'cp1', NOW);

    expect(lists(files)).toEqual({ clusters: ['kind-a'], users: ['kind-a'], contexts: ['kind-a'] });
    expect(currentContext(files)).toBe('kind-a');
  });

  it('forgets the hosting cluster with its context', () => {
    const files = deleteContext(host(), 'kind-a', NOW);

    expect(hostingContext(files)).toBeUndefined();
    expect(globalData(files)).toEqual({});
    expect(currentContext(files)).toBe('');
  });

  it('removes a context from every file, so that none comes to light', () => {
    const files = filesOf(kubeconfig('a'), kubeconfig('a', 'other'));

    expect(lists(deleteContext(files, 'a', NOW))).toEqual({ clusters: ['other'], users: [], contexts: [] });
  });
});

describe('several files', () => {
  const two = filesOf(kubeconfig('one'), kubeconfig('two'));

  it('changes an entry where it stands and puts new ones into the first file', () => {
    const hosting = setHosting(two, 'two', NOW);
    const files = addPlane(hosting, 'cp1', kubeconfig('x'), NOW);

    expect(entryNames(files.slice(0, 1), 'contexts')).toEqual(['one', 'cp1']);
    expect(contextData(files.slice(1), 'two')).toEqual({ 'is-hosting-cluster-ctx': 'true' });
    expect(globalData(files.slice(0, 1))).toEqual({ 'hosting-cluster-ctx-name': 'two' });
  });

  it('says the current context where one is said', () => {
    const files = useContext(filesOf({}, kubeconfig('two'), kubeconfig('one')), 'one');

    expect(files.map(({ content }) => content['current-context'])).toEqual([undefined, 'one', 'one']);
    expect(currentContext(files)).toBe('one');
  });

  it('takes the mark of the hosting cluster from the one before', () => {
    const files = setHosting(setHosting(two, 'one', NOW), 'two', NOW);

    expect(contextData(files, 'one')).toBeUndefined();
    expect(hostingContext(files)).toBe('two');
  });
});

describe('contextsOfPlane', () => {
  it('takes no context of another plane for one of this', () => {
    expect(contextsOfPlane(withPlane(), 'cp2')).toEqual([]);
    expect(contextsOfPlane(withPlane(), 'cp1')).toEqual(['cp1']);
  });

  it('knows a context without a mark by its names', () => {
    const files = filesOf(kubeconfig('cp1', 'cp1-cluster', 'cp1-admin'), kubeconfig('cp2', 'production'));

    expect(contextsOfPlane(files, 'cp1')).toEqual(['cp1']);
    expect(contextsOfPlane(files, 'cp2')).toEqual([]);
  });
});
