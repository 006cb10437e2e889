import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onNode } from './on-node.ts';
import { REPOSITORY, run, shell, type Ended } from './programs.ts';

/**
 * kubectl's plug-ins as a user has them: out of the archive, found by kubectl on PATH. A kind of their own, so that no other test's instances
 * come into the tables.
 */
const NS = 'tenantry-system';
const KIND = 'PluginService';
const folder = mkdtempSync(join(tmpdir(), 'tenantry-plugins-'));
const kubeconfig = process.env['KUBECONFIG'] ?? '';

const typed = (line: string): Promise<Ended> => shell(`export PATH=${folder}/plugins:$PATH\n${line}`);
/** The same for what must work; answers what it printed. */
async function told(line: string): Promise<string> {
  const { code, stdout, stderr } = await typed(line);
  expect(code, stderr).toBe(0);
  return stdout;
}
const cells = (table: string): readonly string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
const instance = (name: string): string =>
  `apiVersion: platformapi.kubeplus/v1alpha1\nkind: ${KIND}\nmetadata: {name: ${name}}\nspec: {greeting: I am ${name}}\n---\n`;

beforeAll(async () => {
  await run(
    `node tools/pack-plugins.mjs ${folder}/plugins.tgz && tar -xf ${folder}/plugins.tgz -C ${folder}`,
  );
  const example = join(REPOSITORY, 'examples/multitenancy/hello-world');
  await told(`kubectl upload chart ${example}/chart ${kubeconfig}`);
  const composition = readFileSync(join(example, 'hello-world-service-composition.yaml'), 'utf8')
    .replaceAll('HelloWorldService', KIND)
    .replaceAll('helloworldservices', 'pluginservices')
    .replaceAll('hello-world-service', 'plugin-service');
  await run(`kubectl apply -n ${NS} -f -`, { input: composition });
  await run(
    `kubectl wait -n ${NS} resourcecomposition/plugin-service-composition --for=condition=Ready --timeout=60s`,
  );
  await run(`kubectl apply -n ${NS} -f -`, { input: instance('plug1') + instance('plug2') });
  await run(
    `kubectl wait -n ${NS} pluginservice/plug1 pluginservice/plug2 --for=condition=Ready --timeout=120s`,
  );
});

afterAll(async () => {
  await shell(`kubectl delete pluginservices --all -n ${NS} --wait --timeout=60s`);
  await shell(`kubectl delete resourcecomposition plugin-service-composition -n ${NS} --wait --timeout=60s`);
  rmSync(folder, { recursive: true });
});

describe('kubectl’s plug-ins', () => {
  it('show what was made, as a page with long dashes has it', async () => {
    const table = cells(await told(`kubectl appresources ${KIND} plug1 –k ${kubeconfig}`));

    expect(table[0]).toEqual(['NAMESPACE', 'KIND', 'NAME']);
    expect(table[1]).toEqual([NS, KIND, 'plug1']);
    expect(table).toContainEqual(['plug1', 'Deployment', 'hello-world']);
    expect(table).toContainEqual(['plug1', 'ResourceQuota', 'pluginservice-plug1']);
    expect(table.map(([, kind]) => kind)).toContain('Pod');
    expect(table.map(([, kind]) => kind)).not.toContain('ReplicaSet');
  });

  it('show how it is, what it says and where it answers', async () => {
    const [, release, pod] = cells(await told(`kubectl appstatus ${KIND} plug1`));
    expect(release).toEqual(['pluginservice-plug1', 'helmrelease', 'plug1', 'Deployed']);
    expect(pod?.slice(1)).toEqual(['Pod', 'plug1', 'Running']);

    expect(await told(`kubectl applogs ${KIND} plug1`)).toMatch(
      /^======== Pod::hello-world-\S+\/container::hello-world =+\n[^]*\n-{39}\n$/,
    );
    // Who has read enough is no error.
    expect((await typed(`kubectl applogs ${KIND} plug1 | head -1`)).stderr).toBe('');
    const [url = ''] = (await told(`kubectl appurl ${KIND} plug1 -o plain`)).split('\n');
    expect(await told(`kubectl appurl ${KIND} plug1`)).toContain(`'${url}'`);
    // From the node, whose addresses need not lead anywhere from here.
    const fetched = `'${process.execPath}' -e 'fetch("${url}").then((page) => page.text()).then(console.log)'`;
    expect(await onNode(fetched)).toContain('I am plug1');
  });

  it('tell what an instance uses', async () => {
    const metrics = `kubectl metrics ${KIND} plug1 ${NS} -k ${kubeconfig}`;
    // The kubelet looks at a new pod after some seconds.
    await expect
      .poll(async () => JSON.parse(await told(`${metrics} -o json`)) as unknown, { timeout: 60_000 }) // true of any JSON
      .toMatchObject({
        pods: '1',
        containers: '1',
        nodes: '1',
        cpu: expect.stringMatching(/^\d+(?:\.\d+)? m$/),
        memory: expect.stringMatching(/^[1-9]\d*(?:\.\d+)? Mi$/),
        storage: '0 Gi',
        storageUsed: '0 Gi',
        notRunningPods: '0',
        restarts: '0',
        oom_events: '0',
      });
    expect(await told(metrics)).toContain('Underlying Physical Resoures consumed:\n    Total CPU(cores): ');
    expect(await told(`${metrics} -o prometheus`)).toMatch(
      /^memory\{custom_resource="pluginservice-plug1"\} [\d.]+ \d{13}$/m,
    );
  });

  it('explain a kind and fail where there is none', async () => {
    expect(await told(`kubectl man ${KIND}`)).toMatch(
      /^apiVersion: platformapi\.kubeplus\/v1alpha1\nkind: PluginService\n/,
    );
    const { code, stdout, stderr } = await typed('kubectl appstatus NoService a');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Unknown Kind NoService in the platformapi.kubeplus api group.');
    const none = await typed('kubectl appresources');
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('Usage: kubectl appresources [options] <kind> <instance> [namespace]\n');
  });

  it('connect an instance with its pods, and draw that', async () => {
    const json: unknown = JSON.parse(await told(`kubectl connections ${KIND} plug1 ${NS} -o json`));
    expect(json).toContainEqual(
      expect.objectContaining({ Kind: 'Deployment', PeerKind: KIND, RelationType: 'annotation' }),
    );
    expect(json).toContainEqual(
      expect.objectContaining({ Kind: 'Pod', PeerKind: 'Service', RelationType: 'label' }),
    );
    await told(`kubectl connections ${KIND} plug1 ${NS} -o png --file ${folder}/c.png`);
    expect(readFileSync(join(folder, 'c.png')).subarray(1, 4).toString()).toBe('PNG');
  });

  it('are completed by kubectl', async () => {
    expect(await told(`kubectl __complete appurl Plugin`)).toMatch(
      /^PluginService\tplatformapi\.kubeplus\n[^]*:4\n/,
    );
    expect(await told(`kubectl __complete appurl ${KIND} plug`)).toMatch(/^plug1\t.*\nplug2\t/);
  });
});

describe('network traffic, with real packets', () => {
  const reaches = async (from: string, to: string): Promise<boolean> => {
    const address = await run(
      `kubectl get service hello-world -n ${to} -o jsonpath='{.spec.clusterIP}:{.spec.ports[0].port}'`,
    );
    const { stdout, stderr } = await shell(
      `kubectl exec -n ${from} deploy/hello-world -- /http-echo -get http://${address}/`,
    );
    return (stdout + stderr).includes(`I am ${to}`);
  };

  it('passes between two instances only while both agree', async () => {
    expect(await reaches('plug1', 'plug2')).toBe(false);

    await told('kubectl allow network traffic plug1 plug2');
    expect([await reaches('plug1', 'plug2'), await reaches('plug2', 'plug1')]).toEqual([true, true]);

    await told('kubectl deny network traffic plug1 plug2');
    expect(await reaches('plug1', 'plug2')).toBe(false);
  });

  it('passes no door that only one of the two opened', async () => {
    const uid = await run(`kubectl get pluginservice plug2 -n ${NS} -o jsonpath='{.metadata.uid}'`);
    const patch = JSON.stringify({ tenantry: { trafficWith: { plug2: uid } } });
    await run(`kubectl patch pluginservice plug1 -n ${NS} --type merge -p '${patch}'`);
    await run(
      `kubectl wait -n plug1 networkpolicy/restrict-cross-ns-traffic --for=jsonpath='{.spec.ingress[1].from[0].namespaceSelector.matchExpressions[1].values[0]}'=${uid} --timeout=30s`,
    );

    expect([await reaches('plug1', 'plug2'), await reaches('plug2', 'plug1')]).toEqual([false, false]);
  });
});

describe('licences', () => {
  const third = (): Promise<Ended> =>
    shell(`kubectl apply --dry-run=server -n ${NS} -f -`, { input: instance('plug3') });

  it('stop further instances', async () => {
    await told(`kubectl license create ${KIND} README.md -n 2 -e 12/31/2099`);
    try {
      // That a kind has none is known for two seconds.
      await expect
        .poll(async () => (await third()).stderr, { timeout: 10_000, interval: 500 })
        .toContain(`Allowed number of instances reached. Update license for ${KIND} and then re-try.`);
    } finally {
      await told(`kubectl license delete ${KIND}`);
    }
    expect((await third()).code).toBe(0);
  });
});
