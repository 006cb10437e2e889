import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_MAP, NODE, POD, type Node, type Pod } from '../../src/kube/builtin-kinds.ts';
import { fourObjects, InstanceRig, OPERATOR } from './instance-rig.ts';
import { install } from './instance-steps.ts';
import { startPlugins, type PluginRig, type Typed } from './plugin-rig.ts';

/** A busy machine installs in seconds what takes half of one elsewhere. */
const HOOK_MS = 60_000;

let rig: InstanceRig;
let plugins: PluginRig;
// One installed instance is asked all questions; tests that need another state make an instance of their own.
beforeAll(async () => {
  rig = await InstanceRig.start();
  plugins = await startPlugins(rig.api.url, { token: 'tester', namespace: 'team' });
  rig.api.put(NODE, node);
  rig.engine.template = (request) => fourObjects(request).map(withNodePort);
  await install(rig);
  rig.api.put(POD, webPod);
}, HOOK_MS);
afterAll(async () => {
  await plugins.close();
  await rig.close();
});

const type = (...words: readonly string[]): Promise<Typed> => plugins.type(...words);
const container = { name: 'web', image: 'web' };
const webPod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop1', labels: { app: 'web' } },
  spec: { containers: [container], initContainers: [{ name: 'first', image: 'web' }], nodeName: 'n' },
  status: { phase: 'Running' },
};
const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n' },
  status: { addresses: [{ type: 'InternalIP', address: '10.0.0.2' }] },
};

/** The real server draws the number; here the chart names it. */
function withNodePort(one: object): object {
  if (!('kind' in one) || one.kind !== 'Service' || !('spec' in one)) return one;
  return { ...one, spec: { ...(one.spec as object), ports: [{ port: 80, nodePort: 30_080 }] } }; // true: a map, see fourObjects
}

describe('kubectl appresources', () => {
  it('lists the instance, the chart’s objects and what stands around them, in KubePlus’s columns', async () => {
    const { out, err } = await type('kubectl-appresources', 'shopservice', 'shop1');

    const row = (...cells: string[]): string => `${cells.map((cell) => cell.padEnd(25)).join(' ')} `;
    expect(out.split('\n')).toEqual([
      row('NAMESPACE', 'KIND', 'NAME'),
      row('tenantry', 'ShopService', 'shop1'),
      ...[
        ['Secret', 'password'],
        ['ConfigMap', 'settings'],
        ['Service', 'web'],
        ['Deployment', 'web'],
        ['Pod', 'web-1'],
        ['NetworkPolicy', 'allow-external-traffic'],
        ['NetworkPolicy', 'restrict-cross-ns-traffic'],
        ['ResourceQuota', 'shopservice-shop1'],
        ['LimitRange', 'shopservice-shop1'],
        ['RoleBinding', 'tenantry-instance'],
      ].map(([kind = '', name = '']) => row('shop1', kind, name)),
      '',
    ]);
    expect(err).toBe('');
  });

  it.each([
    [['kubectl-appresources', 'Shop', 'shop1'], 'Unknown Kind Shop in the platformapi.kubeplus api group.'],
    [['kubectl-appstatus', 'ShopService', 'shop'], 'ShopService shop not found.'],
    [['kubectl-applogs', 'ShopService', 'shop1', 'team'], 'ShopService shop1 not found in namespace team.'],
    [['kubectl-man', 'resourcecomp'], 'Unknown Kind resourcecomp in the platformapi.kubeplus api group.'],
    [['kubectl-connections', 'Nothing', 'a', 'shop1'], 'Unknown Kind Nothing.'],
    [['kubectl-connections', 'Pod', 'a', 'shop1'], 'Pod a not found in namespace shop1.'],
    [['kubectl-connections', 'Pod', 'web-1'], 'Pod web-1 not found in namespace team.'],
    [
      ['kubectl-connections', 'ShopService', 'shop1', 'team'],
      'ShopService shop1 not found in namespace team.',
    ],
  ])('%j fails with %s', async (words, message) => {
    expect(await type(...words)).toEqual({ out: '', err: `${message}\n`, failed: true });
  });
});

describe('kubectl appstatus', () => {
  it('shows the release and its pods', async () => {
    const { out } = await type('kubectl-appstatus', 'ShopService', 'shop1');

    expect(out.split('\n').map((line) => line.split(/ +/))).toEqual([
      ['NAME', 'TYPE', 'NAMESPACE', 'STATUS', ''],
      ['shopservice-shop1', 'helmrelease', 'shop1', 'Deployed', ''],
      ['web-1', 'Pod', 'shop1', 'Running', ''],
      [''],
    ]);
    expect(out.indexOf('TYPE')).toBe(56);
  });

  it('says what failed, colons and all', async () => {
    await rig.create('wrong', { broken: true });
    await rig.until('wrong', { reason: 'TemplateFailed' });

    const { out, err } = await type('kubectl-appstatus', 'ShopService', 'wrong');

    expect(out).toMatch(/^shopservice-wrong +helmrelease +wrong +Failed +$/m);
    expect(err).toContain('shop/templates/web.yaml:3: broken is set');
  });

  it('fails as long as nothing is installed', async () => {
    await rig.stop();
    await rig.create('early');

    expect(await type('kubectl-appstatus', 'ShopService', 'early')).toEqual({
      out: '',
      err: 'Application not deployed properly\n',
      failed: true,
    });
    rig.run();
  });
});

describe('kubectl applogs', () => {
  it('prints all containers as text, those that ran first last', async () => {
    rig.api.podLogs.set('shop1/web-1/web', 'GET / 200\nü');
    rig.api.podLogs.set('shop1/web-1/first', '');

    expect((await type('kubectl-applogs', 'ShopService', 'shop1')).out).toBe(
      [
        '======== Pod::web-1/container::web ===========',
        'GET / 200',
        'ü',
        '================================================',
        '',
        '======== Pod::web-1/container::first ===========',
        '================================================',
        '',
        '---------------------------------------',
        '',
      ].join('\n'),
    );
  });
});

describe('kubectl appurl', () => {
  it('prints every port on every node, as a list or a line each', async () => {
    const list = await type('kubectl-appurl', 'ShopService', 'shop1', OPERATOR);
    const plain = await type('kubectl-appurl', 'ShopService', 'shop1', '-o', 'plain');

    expect(list.out).toMatch(/^\['http:\/\/10\.0\.0\.2:30080'\]\n$/);
    expect(plain.out).toMatch(/^http:\/\/10\.0\.0\.2:30080\n$/);
  });
});

describe('kubectl man', () => {
  it('names where it looked', async () => {
    expect((await type('kubectl-man', 'ShopService')).err).toMatch(/shopservice-usage .*namespaces team,/);
  });

  it('prints the sample that stands beside the composition', async () => {
    await rig.client.create(CONFIG_MAP, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'shopservice-usage', namespace: 'team' },
      data: { spec: 'kind: ShopService\nspec:\n  # what it is called\n  title: none' },
    });

    expect(await type('kubectl-man', 'ShopService')).toEqual({
      out: 'kind: ShopService\nspec:\n  # what it is called\n  title: none\n',
      err: '',
      failed: false,
    });
  });
});

describe('kubectl connections', () => {
  it('goes from an instance to its pods', async () => {
    const flat = await type('kubectl-connections', 'ShopService', 'shop1', OPERATOR, '-o', 'flat');

    expect(flat.out).toContain('Level:0 kind:ShopService name:shop1\n');
    expect(flat.out).toContain('kind:Deployment name:web [related to ShopService/shop1 by:');
    expect(flat.out).toContain('Level:2 kind:Pod name:web-1 [related to Service/web by:label]');
  });

  it('finds an instance wherever it is', async () => {
    const named = ['kubectl-connections', 'ShopService', 'shop1'];

    expect(await type(...named)).toEqual(await type(...named, OPERATOR));
  });

  it('starts anywhere, stops where it is told to, and draws', async () => {
    const start = ['kubectl-connections', 'po', 'web-1', 'shop1'];

    const all = JSON.parse((await type(...start, '-o', 'json')).out) as { Kind: string; Level: number }[];
    const few = JSON.parse(
      (await type(...start, '-o', 'json', '-i', 'Service,NetworkPolicy')).out,
    ) as object[];
    const drawn = await type(...start, '-o', 'svg', '-n', 'label');
    const page = await type(...start, '-o', 'html', '--file', 'page.html');

    expect(all.map(({ Kind, Level }) => `${Level} ${Kind}`)).toContain('1 Service');
    expect(few.length).toBeLessThanOrEqual(all.length);
    const file = `${plugins.folder}/.kubeplus/connections-op.json.gv.svg`;
    expect(drawn.out).toBe(`Output available in: ${file}\n`);
    expect(await readFile(file, 'utf8')).toMatch(/^<svg[^]*>web-1<\/text>[^]*<\/svg>\n$/);
    await type(...start, '-o', 'png');
    const png = await readFile(`${plugins.folder}/.kubeplus/connections-op.json.gv.png`);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(page.out).toBe(`Output available in: ${plugins.folder}/page.html\n`);
    expect(await readFile(`${plugins.folder}/page.html`, 'utf8')).toContain('Connections of Pod web-1');
  });

  it('refuses a type that there is not', async () => {
    const typed = await type('kubectl-connections', 'Pod', 'a', 'b', '-n', 'colour');

    expect(typed).toMatchObject({ failed: true, err: expect.stringContaining('label, specproperty') });
  });
});

describe('kubectl metrics', () => {
  it('counts what there is, and says of what nobody told', async () => {
    const path = '/api/v1/nodes/n/proxy/stats/summary';
    const refusal = rig.api.fail({ path, user: 'tester' }, { status: 403, reason: 'Forbidden' });

    const { out, err } = await type('kubectl-metrics', 'ShopService', 'shop1', 'tenantry', '-o', 'json');

    expect(refusal.hits).toBe(1);
    expect(out).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(out)).toMatchObject({
      pods: '1',
      containers: '2',
      nodes: '1',
      cpu: 'unknown',
      storage: '0 Gi',
      notRunningPods: '0',
    });
    expect(err).toMatch(
      /^You may not ask the kubelets \(get nodes\/proxy\): .*\nNot measured: pods web-1\n$/,
    );
  });

  it('refuses a form that there is not, in KubePlus’s words', async () => {
    expect(await type('kubectl-metrics', 'ShopService', 'shop1', '-o', 'xml')).toEqual({
      out: '',
      err: 'Invalid output type xml. Valid options: pretty, prometheus, json.\n',
      failed: true,
    });
  });
});

describe('who may look at instances only', () => {
  const refuse = (path: string | RegExp): { remove(): void } =>
    rig.api.fail({ path, user: 'tester' }, { status: 403, reason: 'Forbidden' }, Infinity);

  it('is shown what he may see, and told what not', async () => {
    const url = 'http://10.0.0.2:30080';
    const closed = [/^\/api(?:s\/[^/]+)?\/v[^/]+\/namespaces\/shop1\//, /^\/api\/v1\/nodes/];
    const refusals = closed.map(refuse);
    try {
      const resources = await type('kubectl-appresources', 'ShopService', 'shop1');
      expect(resources.out.split('\n')[1]).toMatch(/^tenantry +ShopService +shop1 +$/);
      expect(resources.err).toMatch(/^Not shown, for you may not list them: ConfigMap, .* more kinds\n$/);
      const status = await type('kubectl-appstatus', 'ShopService', 'shop1');
      expect(status.out).toContain('shopservice-shop1');
      expect(status.err).toBe('Not shown, for you may not list them: Pod\n');
      const { out } = await type('kubectl-appurl', 'ShopService', 'shop1', '-o', 'plain');
      expect(out).toBe(`${url}\n`);
    } finally {
      for (const refusal of refusals) refusal.remove();
    }
  });

  it.each([
    [[], /^INSTANCE .*\n$/, 'Shown is namespace team: you may not look into all.\n'],
    [['-n', 'tenantry'], /^INSTANCE .*\n(?:.*\n)*shop1 +tenantry +ShopService /, ''],
  ])('is shown instances by `tenantry status %j`, without services', async (words, out, more) => {
    const everywhere = '/apis/platformapi.kubeplus/v1alpha1/shopservices';
    const refusals = [/resourcecompositions$/, everywhere].map(refuse);
    try {
      const typed = await type('tenantry', 'status', ...words);

      expect(typed.failed).toBe(false);
      expect(typed.out).toMatch(out);
      expect(typed.err).toBe(`Not shown, for you may not list them: ResourceComposition\n${more}`);
    } finally {
      for (const refusal of refusals) refusal.remove();
    }
  });

  it('is told by `tenantry status` what to ask for where nothing may be seen', async () => {
    const refusals = [/resourcecompositions$/, /shopservices$/].map(refuse);
    try {
      expect(await type('tenantry', 'status')).toEqual({
        out: '',
        err: 'you may list neither services nor instances in namespace team\n',
        failed: true,
      });
    } finally {
      for (const refusal of refusals) refusal.remove();
    }
  });
});
