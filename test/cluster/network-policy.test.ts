import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Namespace, NetworkPolicy, Pod } from '../../src/kube/builtin-kinds.ts';
import { compilePolicies } from '../../src/local/agent/compile-policies.ts';
import { replaceScript, updateScript } from '../../src/local/agent/nft-script.ts';
import { nftTableOf, type NftTable } from '../../src/local/agent/nft-table.ts';
import { policyPods } from '../../src/local/agent/policy-pod.ts';

/**
 * Real packets through the real kernel: a router namespace stands for the node, with a veth and a host route a pod, as
 * the ptp CNI plug-in makes them. Needs root and Debian's nftables and iproute2; everything lives in namespaces of its
 * own and goes with them.
 */
const run = promisify(execFile);
const PREFIX = `tnp${process.pid}`;
const NODE = `${PREFIX}-node`;
type Spec = NonNullable<NetworkPolicy['spec']>;

const PODS = {
  web: { namespace: 'shop', v4: '10.77.0.1', v6: 'fd77::1', labels: { app: 'web' }, onNode: true },
  db: { namespace: 'shop', v4: '10.77.0.2', v6: 'fd77::2', labels: { app: 'db' }, onNode: true },
  spy: { namespace: 'bank', v4: '10.77.1.1', v6: 'fd77::1:1', labels: { app: 'spy' }, onNode: true },
  // Routed like a pod, but no pod: the world outside.
  world: { namespace: '', v4: '192.0.2.7', v6: '2001:db8::7', labels: {}, onNode: false },
} as const;
type Name = keyof typeof PODS;
const NAMES: readonly Name[] = ['web', 'db', 'spy', 'world'];
const TCP_PORTS = [80, 81, 8080];
const UDP_PORT = 53;

/** Answers TCP connections and UDP packets on the ports given until it is killed. */
const SERVER = `
const net = require('node:net'), dgram = require('node:dgram');
const ports = process.argv[1].split(',').map(Number);
let open = ports.length + 1;
const ready = () => { open -= 1; if (open === 0) console.log('ready'); };
for (const port of ports) net.createServer((s) => { s.on('error', () => {}); s.on('data', (d) => s.write(d)); s.write('hello'); }).listen(port, '::', ready);
const udp = dgram.createSocket('udp6');
udp.on('message', (m, from) => udp.send(m, from.port, from.address));
udp.bind(${UDP_PORT}, '::', ready);
`;

/** Tries all targets at once (`tcp 10.0.0.1 80`) and prints a line of true and false. */
const CLIENT = `
const net = require('node:net'), dgram = require('node:dgram');
const wait = Number(process.argv[1]);
const ask = ([kind, host, port]) => new Promise((resolve) => {
  setTimeout(() => resolve(false), wait);
  if (kind === 'tcp') { const s = net.connect(Number(port), host); s.on('data', () => resolve(true)); s.on('error', () => resolve(false)); return; }
  const s = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
  s.on('message', () => resolve(true)); s.on('error', () => resolve(false)); s.send('x', Number(port), host);
});
Promise.all(process.argv.slice(2).map((t) => ask(t.split(' ')))).then((all) => { console.log(JSON.stringify(all)); process.exit(0); });
`;

/** Milliseconds after which a dropped packet counts as dropped; on one machine an answer takes less than five. */
const SILENCE_MS = 700;

const servers: ChildProcess[] = [];
const ip = (...args: readonly string[]): Promise<unknown> => run('ip', [...args]);
const inside = (name: string, ...args: readonly string[]): Promise<{ stdout: string }> =>
  run('ip', ['netns', 'exec', name, ...args]);
const nsOf = (name: Name): string => `${PREFIX}-${name}`;

async function nft(script: string): Promise<void> {
  const child = spawn('ip', ['netns', 'exec', NODE, 'nft', '-f', '-'], {
    stdio: ['pipe', 'inherit', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
  child.stdin.end(script);
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(complaint);
}

async function addPod(name: Name): Promise<void> {
  const { v4, v6 } = PODS[name];
  const [ns, link] = [nsOf(name), `v-${name}`];
  await ip('netns', 'add', ns);
  await ip('link', 'add', link, 'netns', NODE, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', ns);
  for (const [where, device] of [
    [NODE, link],
    [ns, 'lo'],
    [ns, 'eth0'],
  ] as const) {
    await ip('-n', where, 'link', 'set', device, 'up');
  }
  await ip('-n', ns, 'addr', 'add', `${v4}/32`, 'dev', 'eth0');
  await ip('-n', ns, '-6', 'addr', 'add', `${v6}/128`, 'dev', 'eth0', 'nodad');
  await ip('-n', NODE, 'addr', 'add', '10.77.255.1/32', 'dev', link);
  await ip('-n', NODE, '-6', 'addr', 'add', 'fd77:ffff::1/128', 'dev', link, 'nodad');
  await ip('-n', NODE, 'route', 'add', `${v4}/32`, 'dev', link);
  await ip('-n', NODE, '-6', 'route', 'add', `${v6}/128`, 'dev', link);
  await ip('-n', ns, 'route', 'add', '10.77.255.1', 'dev', 'eth0');
  await ip('-n', ns, 'route', 'add', 'default', 'via', '10.77.255.1');
  await ip('-n', ns, '-6', 'route', 'add', 'fd77:ffff::1', 'dev', 'eth0');
  await ip('-n', ns, '-6', 'route', 'add', 'default', 'via', 'fd77:ffff::1');
  await serve(ns);
}

async function serve(ns: string): Promise<void> {
  const args = ['netns', 'exec', ns, process.execPath, '-e', SERVER, TCP_PORTS.join(',')];
  const server = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  await new Promise((resolve) => server.stdout.once('data', resolve));
}

const pods = (): Pod[] =>
  NAMES.filter((name) => PODS[name].onNode).map((name) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: PODS[name].namespace, uid: name, labels: PODS[name].labels },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', ports: [{ name: 'http', containerPort: name === 'db' ? 8080 : 80 }] }],
    },
    status: { phase: 'Running', podIPs: [{ ip: PODS[name].v4 }, { ip: PODS[name].v6 }] },
  }));

const namespaces: readonly Namespace[] = ['shop', 'bank'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { team: name } },
}));

const tableFor = (...specs: readonly Spec[]): NftTable =>
  nftTableOf(
    compilePolicies({
      nodeName: 'n1',
      namespaces,
      pods: policyPods(pods()),
      policies: specs.map((spec, index) => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: `p${index}`, namespace: 'shop' },
        spec,
      })),
    }),
  );

/** Questions such as `web → db tcp 80`; `node` asks from the node itself. Both families are asked and must agree. */
async function answers(questions: readonly string[]): Promise<Record<string, boolean>> {
  const asked = questions.map((question) => {
    const [, from = '', to = '', kind = '', port = ''] = /^(\w+) → (\w+) (\w+) (\d+)$/.exec(question) ?? [];
    const of = (family: 'v4' | 'v6'): string =>
      // True: the names in the questions below are keys.
      to === 'node' ? { v4: '10.77.255.1', v6: 'fd77:ffff::1' }[family] : PODS[to as Name][family];
    return { question, from, targets: [`${kind} ${of('v4')} ${port}`, `${kind} ${of('v6')} ${port}`] };
  });
  const results = await Promise.all(
    [...new Set(asked.map(({ from }) => from))].map(async (from) => {
      const own = asked.filter((one) => one.from === from);
      const { stdout } = await inside(
        from === 'node' ? NODE : `${PREFIX}-${from}`,
        process.execPath,
        '-e',
        CLIENT,
        String(SILENCE_MS),
        ...own.flatMap(({ targets }) => targets),
      );
      const flags = JSON.parse(stdout) as boolean[]; // True: what CLIENT prints.
      return own.map(({ question }, index): [string, boolean | string] => {
        const [v4, v6] = [flags[index * 2], flags[index * 2 + 1]];
        return [question, v4 === v6 ? v4 === true : `IPv4 ${v4}, IPv6 ${v6}`];
      });
    }),
  );
  // A disagreement of the families shows as text and fails the comparison.
  return Object.fromEntries(results.flat()) as Record<string, boolean>;
}

async function expectAnswers(expected: Readonly<Record<string, boolean>>): Promise<void> {
  expect(await answers(Object.keys(expected))).toEqual(expected);
}

beforeAll(async () => {
  await ip('netns', 'add', NODE);
  await ip('-n', NODE, 'link', 'set', 'lo', 'up');
  await inside(
    NODE,
    'sh',
    '-c',
    'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding',
  );
  for (const name of NAMES) await addPod(name);
  await serve(NODE);
});

afterAll(async () => {
  for (const server of servers) server.kill('SIGKILL');
  for (const ns of [NODE, ...NAMES.map(nsOf)]) await run('ip', ['netns', 'del', ns]).catch(() => undefined);
});

beforeEach(async () => nft(replaceScript(tableFor())));

describe('real packets', () => {
  it('pass freely without policies, both families, TCP and UDP', async () => {
    await expectAnswers({
      'web → db tcp 80': true,
      'spy → db udp 53': true,
      'world → db tcp 81': true,
      'db → world tcp 80': true,
      'node → db tcp 80': true,
      'db → node tcp 80': true,
    });
  });

  it('stop at a pod isolated both ways, but the node and the pod itself still reach it', async () => {
    await nft(replaceScript(tableFor({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })));

    await expectAnswers({
      'web → db tcp 80': false,
      'spy → db udp 53': false,
      'db → world tcp 80': false,
      'world → db tcp 80': false,
      'node → db tcp 80': true,
      'db → db tcp 80': true,
      'db → node tcp 80': false,
      'spy → world tcp 80': true,
    });
  });

  it('follow selectors, ports, ranges and names', async () => {
    await nft(
      replaceScript(
        tableFor({
          podSelector: { matchLabels: { app: 'db' } },
          ingress: [
            { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 80, endPort: 81 }] },
            { from: [{ namespaceSelector: { matchLabels: { team: 'bank' } } }], ports: [{ port: 'http' }] },
            { ports: [{ port: 53, protocol: 'UDP' }] },
          ],
        }),
      ),
    );

    await expectAnswers({
      'web → db tcp 80': true,
      'web → db tcp 81': true,
      'web → db tcp 8080': false,
      'spy → db tcp 8080': true,
      'spy → db tcp 80': false,
      'world → db udp 53': true,
      'world → db tcp 80': false,
    });
  });

  it('follow ipBlocks with exceptions, outwards', async () => {
    await nft(
      replaceScript(
        tableFor({
          podSelector: {},
          policyTypes: ['Egress'],
          egress: [
            {
              to: [
                { ipBlock: { cidr: '0.0.0.0/0', except: ['10.77.1.0/24', '10.77.255.0/24'] } },
                { ipBlock: { cidr: '::/0', except: ['fd77::1:0/112', 'fd77:ffff::/32'] } },
              ],
            },
          ],
        }),
      ),
    );

    await expectAnswers({
      'web → world tcp 80': true,
      'web → db tcp 80': true,
      'web → spy tcp 80': false,
      'web → node tcp 80': false,
      'spy → web tcp 80': true,
    });
  });

  it('follow an update as they follow a replacement', async () => {
    const closed = tableFor({ podSelector: {} });
    const open = tableFor(
      { podSelector: {} },
      { podSelector: { matchLabels: { app: 'db' } }, ingress: [{ from: [{ namespaceSelector: {} }] }] },
    );
    await nft(replaceScript(closed));

    await nft(updateScript(closed, open));
    await expectAnswers({ 'spy → db tcp 80': true, 'spy → web tcp 80': false, 'world → db tcp 80': false });
    await nft(updateScript(open, closed));
    await expectAnswers({ 'spy → db tcp 80': false, 'spy → web tcp 80': false });
    await nft(updateScript(closed, tableFor()));
    await expectAnswers({ 'spy → db tcp 80': true, 'world → web udp 53': true });
  });

  it('keep an open connection when a policy closes the door behind it', async () => {
    const script = `const s = require('node:net').connect(80, '${PODS.db.v4}');
      let seen = 0; s.on('data', () => { seen += 1; console.log('data ' + seen); });
      process.stdin.on('data', () => s.write('again'));`;
    const child = spawn('ip', ['netns', 'exec', nsOf('web'), process.execPath, '-e', script]);
    servers.push(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await nft(replaceScript(tableFor({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })));

    const echoed = new Promise<string>((resolve) =>
      child.stdout.once('data', (data: Buffer) => resolve(String(data))),
    );
    child.stdin.write('go');

    expect(await echoed).toContain('data 2');
  });

  it('are dropped when a pod borrows the address of another', async () => {
    await nft(
      replaceScript(
        tableFor({
          podSelector: { matchLabels: { app: 'db' } },
          ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
        }),
      ),
    );
    // The spy takes web's address as a second one and sends from it.
    await ip('-n', nsOf('spy'), 'addr', 'add', `${PODS.web.v4}/32`, 'dev', 'lo');
    const send = `const s = require('node:dgram').createSocket('udp4');
      s.bind(0, '${PODS.web.v4}', () => s.send('x', ${UDP_PORT}, '${PODS.db.v4}', () => process.exit(0)));`;

    await inside(nsOf('spy'), process.execPath, '-e', send);
    const { stdout } = await inside(NODE, 'nft', 'list', 'chain', 'inet', 'tenantry', 'antispoof');
    await ip('-n', nsOf('spy'), 'addr', 'del', `${PODS.web.v4}/32`, 'dev', 'lo');

    expect(stdout).toMatch(/missing counter packets 1 /);
  });
});
