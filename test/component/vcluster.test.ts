import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMIT_RANGE, NAMESPACE, RESOURCE_QUOTA } from '../../src/kube/builtin-kinds.ts';
import { VIRTUAL_CLUSTER } from '../../src/api/virtual-cluster.ts';
import { VclusterRig } from './vcluster-rig.ts';

const CONTEXT = 'vcluster_one_team_hub';
const PLAN =
  'policies: { resourceQuota: { enabled: true, quota: { count/pods: 3 } } }\nsync: { toHost: { ingresses: { enabled: true } } }\n';

let rig: VclusterRig;
beforeEach(async () => {
  rig = await VclusterRig.start();
});
afterEach(() => rig.close());

const specs = () => rig.clusters.map(({ metadata, spec }) => [metadata.namespace, metadata.name, spec]);
const quotas = () => rig.host.objects(RESOURCE_QUOTA);

describe('vcluster create', () => {
  it('makes what the values ask for, with its policies, in a namespace of its own, and connects', async () => {
    await rig.write('plan.yaml', PLAN);

    const [typed] = await Promise.all([
      rig.type('create', 'one', '-f', 'plan.yaml', '--set', 'replicas=2', '--server', 'one.example.com:8443'),
      rig.becomes('one'),
    ]);

    expect(typed).toEqual({
      out: 'Successfully created virtual cluster one in namespace vcluster-one\nSwitched active kube context to vcluster_one_vcluster-one_hub\n',
      err: expect.any(String) as unknown,
      code: 0,
    });
    expect(specs()).toEqual([['vcluster-one', 'one', { replicas: 2, sync: { ingresses: true } }]]);
    const { uid } = rig.clusters[0]?.metadata ?? {};
    for (const [policy] of [quotas(), rig.host.objects(LIMIT_RANGE)])
      expect(policy?.metadata).toMatchObject({
        name: 'vc-one',
        namespace: 'vcluster-one',
        ownerReferences: [{ kind: 'VirtualCluster', uid }],
      });
    expect(quotas()[0]?.spec?.hard?.['count/pods']).toBe('3');
    expect(JSON.stringify(await rig.read())).toContain('"server":"https://one.example.com:8443"');
    expect(await rig.currentContext()).toBe('vcluster_one_vcluster-one_hub');
  });

  it('changes one that is there only if told to, and takes away what the values say no more', async () => {
    await rig.write('plan.yaml', PLAN);
    await rig.create('one', '-f', 'plan.yaml');
    const again = await rig.type('create', 'one', '-n', 'team');
    expect(again.err).toMatch(
      /is there already in namespace team\nChange it: `vcluster create one --upgrade`/,
    );

    const typed = await rig.create('one', '--upgrade', '--set', 'replicas=3');

    expect(typed.code).toBe(0);
    expect(specs()).toEqual([['team', 'one', expect.objectContaining({ replicas: 3 })]]);
    expect(quotas()).toEqual([]);
  });

  it.each([
    [['--set', 'plugins.a.image=b', '--set', 'foo=1'], /plugins: not supported: .*\n {2}foo: no such key/],
    [['-f', 'missing.yaml'], /missing\.yaml can't be read/],
    [['--restore', 's3://a/b'], /--restore is not supported: snapshots/],
    [['--chart-version=0.30.0'], /--chart-version is not supported/],
    [['--connect=maybe'], /--connect is "maybe"/],
  ])('writes nothing for %j, and says why', async (flags, why) => {
    const before = rig.host.requests.length;

    const { code, err } = await rig.type('create', 'one', ...flags);

    expect([code, err]).toEqual([1, expect.stringMatching(why)]);
    expect(rig.host.requests.slice(before).filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

describe('vcluster connect', () => {
  beforeEach(async () => {
    await rig.create('one');
  });

  it('switches to a context by vcluster’s name, from which the host is still found, and disconnect goes back', async () => {
    await rig.type('connect', 'one', '--server', 'https://one.example.com');
    expect(await rig.currentContext()).toBe(CONTEXT);

    const { out } = await rig.type('list', '--output', 'json');
    expect(JSON.parse(out)).toMatchObject([
      { Name: 'one', Namespace: 'team', Status: 'Running', Connected: true },
    ]);

    await rig.type('disconnect');
    expect(await rig.currentContext()).toBe('hub');
    expect((await rig.type('disconnect')).err).toMatch(/"hub" is not that of a virtual cluster/);
  });

  it('the old way writes a kubeconfig of its own, for nobody else’s eyes', async () => {
    const { out } = await rig.type('connect', 'one', '-n', 'team', '--server', 'a', '--update-current=false');

    expect(out).toBe('Virtual cluster kube config written to: ./kubeconfig.yaml\n');
    expect(await rig.read('kubeconfig.yaml')).toMatchObject({
      'current-context': CONTEXT,
      clusters: [{ cluster: { server: 'https://a' } }],
      users: [{ user: { token: 'tenant' } }],
    });
    expect((await stat(join(rig.folder, 'kubeconfig.yaml'))).mode & 0o777).toBe(0o600);
    expect(await rig.currentContext()).toBe('hub');
  });

  it('prints the kubeconfig and nothing else', async () => {
    const { out } = await rig.type('connect', 'one', '--print', '--server', 'a', '--insecure');

    expect(out).toMatch(/^apiVersion: v1\n/);
    expect(out).toContain('insecure-skip-tls-verify: true');
  });

  it('runs a command in there and ends as that ends', async () => {
    const line = 'grep -q "server: https://a" "$KUBECONFIG" && exit 7';

    const { code } = await rig.type('connect', 'one', '--server', 'a', '--', 'sh', '-c', line);

    expect(code).toBe(7);
    expect(await rig.currentContext()).toBe('hub');
  });

  it.each([
    [['--cluster-role', 'view'], /--cluster-role means nothing without --service-account/],
    [['--token-expiration', '60'], /--token-expiration means nothing without --service-account/],
    [['--background-proxy', '--pod', 'a'], /--address and --pod do not go with --background-proxy/],
    [['--server', 'https://'], /--server is "https:\/\/"/],
    [['--background-proxy-image=a'], /--background-proxy-image is not supported/],
  ])('refuses %j', async (flags, why) => {
    const { err, code } = await rig.type('connect', 'one', ...flags);

    expect([code, err]).toEqual([1, expect.stringMatching(why)]);
  });

  it('starts one that is paused', async () => {
    await Promise.all([rig.type('pause', 'one'), rig.becomes('one', 'Paused')]);
    expect((await rig.type('list')).out).toMatch(/one +team +Paused/);

    const [typed] = await Promise.all([
      rig.type('connect', 'one', '--print', '--server', 'a'),
      rig.becomes('one'),
    ]);

    expect(typed.code).toBe(0);
    expect(specs()).toEqual([['team', 'one', { paused: false }]]);
  });

  it('says what there is where it finds none, or several', async () => {
    expect((await rig.type('connect', 'two')).err).toMatch(
      /there is no virtual cluster two\n`vcluster list`/,
    );
    const [typed] = await Promise.all([rig.type('create', 'one', '--connect=false'), rig.becomes('one')]);
    expect(typed.code).toBe(0);
    expect((await rig.type('connect', 'one')).err).toMatch(
      /several virtual clusters one, in the namespaces team, vcluster-one/,
    );
  });
});

describe('vcluster delete', () => {
  it('takes the context with it, and a namespace that create made', async () => {
    await Promise.all([rig.type('create', 'one', '--server', 'a'), rig.becomes('one')]);

    const { out, code } = await rig.type('delete', 'one');

    expect(code).toBe(0);
    expect(out).toMatch(
      /^Successfully deleted virtual cluster one in namespace vcluster-one\n.*namespace vcluster-one\n$/,
    );
    expect(rig.clusters).toEqual([]);
    expect(await rig.currentContext()).toBe('hub');
    expect(JSON.stringify(await rig.read())).not.toContain('vcluster_');
    const namespaces = rig.host
      .objects(NAMESPACE)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    expect(namespaces.map(({ metadata }) => metadata.name)).not.toContain('vcluster-one');
  });

  it('leaves a namespace that was there before, and fails where there is nothing', async () => {
    await rig.create('one');

    expect((await rig.type('delete', 'one')).out).toBe(
      'Successfully deleted virtual cluster one in namespace team\n',
    );

    expect(rig.host.objects(NAMESPACE).map(({ metadata }) => metadata.name)).toContain('team');
    expect((await rig.type('delete', 'one')).code).toBe(1);
    expect((await rig.type('delete', 'one', '--ignore-not-found')).code).toBe(0);
  });

  it('takes the context of one that is gone already', async () => {
    await rig.create('one');
    await rig.type('connect', 'one', '--server', 'a');
    expect(await rig.currentContext()).toBe(CONTEXT);
    await rig.client.delete(VIRTUAL_CLUSTER, { name: 'one', namespace: 'team' });

    await rig.type('delete', 'one', '-n', 'team', '--ignore-not-found');

    expect(await rig.currentContext()).toBe('hub');
    expect(JSON.stringify(await rig.read())).not.toContain('vcluster_');
  });
});

describe('vcluster describe and debug', () => {
  it('tell what it is, for people and for programs, and no Secret', async () => {
    await rig.create('one', '--set', 'replicas=2');

    expect((await rig.type('describe', 'one')).out).toMatch(
      /^Name: +one\nNamespace: +team\nBacking Store: +dedicated\n/,
    );
    expect(JSON.parse((await rig.type('describe', 'one', '-o', 'json')).out)).toMatchObject({
      status: 'Running',
    });
    expect((await rig.type('describe', 'one', '--config-only')).out).toBe('replicas: 2\n');
    await rig.type('debug', 'collect', 'one', '--output-filename', 'facts.yaml');
    const facts = JSON.stringify(await rig.read('facts.yaml'));
    expect(facts).toContain('"replicas":2');
    expect(facts).not.toContain(Buffer.from('"token"').toString('base64').slice(0, 6));
  });
});

describe('verbs that can’t work', () => {
  it.each(['snapshot', 'restore', 'platform', 'upgrade', 'certs rotate', 'debug shell'])(
    '%s says why',
    async (verb) => {
      const { err, code } = await rig.type(...verb.split(' '), 'one', '--any=flag');

      expect([code, err]).toEqual([1, expect.stringMatching(/is not supported: /)]);
    },
  );
});
