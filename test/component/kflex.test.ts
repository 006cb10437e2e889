import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_PLANE } from '../../src/api/control-plane.ts';
import { NAMESPACE, SECRET } from '../../src/kube/builtin-kinds.ts';
import { KflexRig } from './kflex-rig.ts';

let rig: KflexRig;
beforeEach(async () => {
  rig = await KflexRig.start();
});
afterEach(() => rig.close());

const planes = () => rig.host.objects(CONTROL_PLANE);
const current = async (): Promise<unknown> => (await rig.read())['current-context'];

describe('kflex create', () => {
  it('makes the plane, waits, and switches to it; stdout holds the result alone', async () => {
    const { out, err, failed } = await rig.create('cp1', '-b', 'dedicated', '--timeout', '20');

    expect({ out, failed }).toEqual({ out: 'Switched to context "cp1".\n', failed: false });
    expect(err).toContain('control plane cp1');
    expect(planes()[0]?.spec).toMatchObject({ type: 'k8s', backend: 'dedicated' });
    expect(await current()).toBe('cp1');
    expect(await rig.names('contexts')).toEqual(['hub', 'other', 'cp1']);
    expect(JSON.stringify(await rig.read())).toContain('"hosting-cluster-ctx-name":"hub"');
  });

  it('names several hooks with variables for all, and one hook with its own', async () => {
    await rig.type('create', 'cp1', '--no-wait', '-p', 'a', '-p', 'b', '-e', 'X=1', '--set', 'Y=a=b');
    await rig.type('create', 'cp2', '--no-wait', '-p', 'a', '-e', 'X=1', '--wait-for-hooks');

    expect(planes().map(({ spec }) => spec)).toMatchObject([
      { postCreateHooks: [{ hookName: 'a' }, { hookName: 'b' }], globalVars: { X: '1', Y: 'a=b' } },
      { postCreateHooks: [{ hookName: 'a', vars: { X: '1' } }], waitForPostCreateHooks: true },
    ]);
    expect(await current()).toBe('hub');
  });

  it('goes to the hosting cluster where the plane is that, and makes no context', async () => {
    const { out, failed } = await rig.create('me', '--type', 'host');

    expect({ out, failed }).toEqual({
      out: 'Control plane me is the hosting cluster itself.\nSwitched to context "hub".\n',
      failed: false,
    });
    expect(await rig.names('contexts')).toEqual(['hub', 'other']);
  });

  it.each([
    [['cp1', '-t', 'external'], /Use `kflex adopt cp1/],
    [['other'], /does not lead to the control plane other/],
    [['cp1', '-e', 'X=1'], /means nothing without --postcreate-hook/],
  ])('makes nothing where it could not end well: %j', async (words, why) => {
    const { err, failed } = await rig.type('create', ...words);

    expect(failed).toBe(true);
    expect(err).toMatch(why);
    expect(planes()).toEqual([]);
  });
});

describe('the kubeconfig that counts', () => {
  it('is the one of -k, for reading, asking and writing alike', async () => {
    await rig.write('mine', rig.kubeconfig({ hosting: rig.host.url }, 'hosting'));
    rig.env = { HOME: rig.folder, KUBECONFIG: `${rig.folder}/config` };
    await rig.write('config', rig.kubeconfig({ other: rig.other.url }, 'other'));
    const before = await rig.read();

    const { failed } = await rig.create('cp1', '-k', 'mine');

    expect(failed).toBe(false);
    expect(await rig.names('contexts', 'mine')).toEqual(['hosting', 'cp1']);
    expect(await rig.read()).toEqual(before);
  });

  it('is that of KUBECONFIG, with several files', async () => {
    await rig.write('second', rig.kubeconfig({ spare: rig.other.url }, ''));
    rig.env['KUBECONFIG'] = `${rig.folder}/second:${rig.folder}/config`;

    await rig.create('cp1');

    expect(await rig.names('contexts', 'second')).toEqual(['spare', 'cp1']);
    expect((await rig.type('ctx', 'get')).out).toBe('cp1\n');
    expect((await rig.type('list')).out).toMatch(
      /^Control Planes:\nNAME +SYNCED +READY +TYPE +AGE\ncp1 +True +True +k8s +\d+s\n$/,
    );
  });

  it('leads to the hosting cluster from any context, and is not asked about planes', async () => {
    await rig.create('cp1');
    await rig.type('ctx', 'other');

    expect((await rig.type('list')).out).toContain('cp1');
    expect(await current()).toBe('other');
    expect((await rig.type('ctx')).out).toBe('Switched to context "hub".\n');
  });

  it('names what to do where nobody knows the hosting cluster', async () => {
    await rig.write('config', rig.kubeconfig({ other: rig.other.url }, 'other'));

    const { err, failed } = await rig.type('list');

    expect(failed).toBe(true);
    expect(err).toMatch(/hosting cluster context is not known.*\n.*kflex config set-hosting/);
  });
});

describe('kflex ctx', () => {
  it('goes there and back, and loads what the kubeconfig does not have', async () => {
    await rig.create('cp1');
    await rig.type('ctx', 'delete', 'cp1');
    expect(await rig.names('clusters')).toEqual(['hub', 'other']);
    expect(await current()).toBe('hub');

    expect((await rig.type('ctx', 'cp1')).out).toBe('Switched to context "cp1".\n');
    expect(await rig.names('users')).toEqual(['hub', 'other', 'cp1-admin']);
    expect((await rig.type('ctx', 'list')).out).toBe(
      [
        'CURRENT   CONTEXT   MANAGED BY KFLEX   CONTROLPLANE',
        '*         cp1       yes                cp1',
        '          hub       yes                -',
        '          other     -                  -',
        '',
      ].join('\n'),
    );
  });

  it('finds a plane whose context was renamed', async () => {
    await rig.create('cp1');

    await rig.type('ctx', 'rename', 'cp1', 'blue');
    await rig.type('ctx', 'hub');

    expect((await rig.type('ctx', 'cp1')).out).toBe('Switched to context "blue".\n');
    expect(await rig.names('clusters')).toEqual(['hub', 'other', 'blue-cluster']);
  });

  it('renames a context that kflex did not make, and it still leads where it led', async () => {
    await rig.type('ctx', 'rename', 'hub', 'home', '-S');

    expect((await rig.type('list')).out).toBe('No control planes found.\n');
    expect(await rig.names('clusters')).toEqual(['hub', 'other']);
  });

  it('takes a context anew with -o, and loses nothing where there is none to take', async () => {
    await rig.create('cp1');
    await rig.client.patch(
      SECRET,
      { namespace: 'cp1-system', name: 'admin-kubeconfig' },
      {
        type: 'merge',
        body: {
          data: {
            kubeconfig: Buffer.from(JSON.stringify(rig.kubeconfig({ n: 'https://new' }, 'n'))).toString(
              'base64',
            ),
          },
        },
      },
    );

    await rig.type('ctx', 'cp1', '-o');
    expect(JSON.stringify(await rig.read())).toContain('https://new');
    expect((await rig.type('ctx', 'other', '-o')).err).toMatch(/neither a context nor a control plane other/);
    expect(await rig.names('contexts')).toContain('other');
  });

  it('remembers the current context with -c', async () => {
    await rig.type('ctx', '-c');

    expect((await rig.type('config', 'diagnose', '-o', 'json')).out).toMatch(/^\{\n {2}"status": "ok"/);
  });

  it('asks before it removes what is not its own', async () => {
    expect((await rig.type('ctx', 'delete', 'other')).err).toMatch(/not made by kflex; nothing was changed/);
    rig.answer = 'n';
    expect((await rig.type('ctx', 'delete', 'other')).failed).toBe(true);
    rig.answer = 'y';
    expect((await rig.type('ctx', 'delete', 'other')).out).toBe('Removed context "other".\n');
  });
});

describe('kflex delete', () => {
  it('waits until everything is gone and removes every context of the plane, renamed or not', async () => {
    await rig.create('cp1');
    await rig.type('ctx', 'rename', 'cp1', 'blue');

    const removed = rig.type('delete', 'cp1', '--timeout', '20');
    await rig.client.delete(NAMESPACE, { name: 'cp1-system' });
    const { out, failed } = await removed;

    expect({ out, failed }).toEqual({
      out: 'Control plane cp1 is deleted.\nRemoved context "blue".\n',
      failed: false,
    });
    expect(planes()).toEqual([]);
    expect(await current()).toBe('hub');
  });

  it('says what keeps a plane that does not go', async () => {
    await rig.create('cp1');

    const { err, failed } = await rig.type('delete', 'cp1', '--timeout', '1');

    expect(failed).toBe(true);
    expect(err).toMatch(/not gone after 1 s/);
    expect(err).toMatch(/kubectl get namespace cp1-system/);
  });

  it('removes contexts of a plane that is gone already', async () => {
    await rig.create('cp1');
    await rig.client.delete(CONTROL_PLANE, { name: 'cp1' });

    expect((await rig.type('delete', 'cp1')).out).toBe('Removed context "cp1".\n');
    expect((await rig.type('delete', 'cp1')).err).toMatch(/there is no control plane cp1/);
  });
});

describe('kflex adopt', () => {
  it('hands the cluster over with everything embedded', async () => {
    const url = 'https://edge.example.com:6443';
    const { out } = await rig.type('adopt', 'edge', '-c', 'other', '-u', url, '-x', '7200', '--no-wait');

    expect(out).toMatch(/edge is being taken over/);
    expect(planes()[0]?.spec).toEqual({
      type: 'external',
      bootstrapSecretRef: {
        namespace: 'tenantry-system',
        name: 'edge-bootstrap',
        inClusterKey: 'kubeconfig-incluster',
      },
      tokenExpirationSeconds: 7200,
    });
    const secret = rig.host.objects(SECRET).find(({ metadata }) => metadata.name === 'edge-bootstrap');
    const kubeconfig = Buffer.from(secret?.data?.['kubeconfig-incluster'] ?? '', 'base64').toString();
    expect(JSON.parse(kubeconfig)).toMatchObject({
      clusters: [{ cluster: { server: url } }],
      users: [{ user: { token: 'me' } }],
    });
  });

  it.each([
    [[], /the kubeconfig has no current context[^]*Name one by --adopted-context: hub, other\./],
    [['-c', 'gone'], /--adopted-context is "gone"[^]*Name one of these: hub, other\./],
  ])('says which contexts there are: %j', async (flags, why) => {
    await rig.write('config', { ...(await rig.read()), 'current-context': '' });

    const { err, failed } = await rig.type('adopt', 'edge', ...flags);

    expect(failed).toBe(true);
    expect(err).toMatch(why);
    expect(planes()).toEqual([]);
  });

  it('says what to do where the kubeconfig is empty', async () => {
    await rig.write('empty', { apiVersion: 'v1', kind: 'Config', contexts: [], clusters: [], users: [] });

    const { err, failed } = await rig.type('adopt', 'edge', '-a', 'empty');

    expect(failed).toBe(true);
    expect(err).toMatch(/has no contexts[^]*by --adopted-kubeconfig/);
  });

  it.each([
    [[], /127\.0\.0\.1:\d+ is an address of this machine/],
    [['-u', 'https://127.0.0.1:6443'], /is an address of this machine/],
    [['-u', 'https://localhost:6443'], /is an address of this machine/],
    [['-u', 'https://[::1]:6443'], /is an address of this machine/],
    [['-u', 'edge'], /is no URL/],
  ])('refuses an address that leads nowhere from a pod: %j', async (flags, why) => {
    const { err, failed } = await rig.type('adopt', 'edge', '-c', 'other', ...flags);

    expect(failed).toBe(true);
    expect(err).toMatch(why);
    expect(rig.host.objects(SECRET)).toEqual([]);
  });
});

describe('kflex version', () => {
  it('tells both versions', async () => {
    const { out } = await rig.type('version');

    expect(out).toMatch(/^Kubeflex version: v\d+\.\d+\.\d+ \(Tenantry\)\nKubernetes version: v/);
  });
});
