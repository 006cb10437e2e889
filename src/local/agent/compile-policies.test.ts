import { describe, expect, it } from 'vitest';
import type { Namespace, NetworkPolicy, Pod } from '../../kube/builtin-kinds.ts';
import { containsAddress } from './address.ts';
import { compilePolicies, mergeRanges } from './compile-policies.ts';
import { policyPods } from './policy-pod.ts';
import type { PeerMatch, PortMatch, Ruleset } from './ruleset.ts';

type Spec = NonNullable<NetworkPolicy['spec']>;

/** A world of two namespaces: `shop` (web, db, old) and `bank` (web, spy), all on node n1, both families. */
const PODS: Readonly<
  Record<string, { readonly ips: readonly string[]; readonly labels: Record<string, string> }>
> = {
  'shop/web': { ips: ['10.0.0.1', 'fd00::1'], labels: { app: 'web', tier: 'front' } },
  'shop/db': { ips: ['10.0.0.2', 'fd00::2'], labels: { app: 'db', tier: 'back' } },
  'bank/web': { ips: ['10.0.1.1', 'fd00::1:1'], labels: { app: 'web' } },
  'bank/spy': { ips: ['10.0.1.2', 'fd00::1:2'], labels: { app: 'spy' } },
};
const OUTSIDE = { ips: ['203.0.113.7', '2001:db8::7'] };

const pods = (nodeOf: (name: string) => string = () => 'n1'): Pod[] =>
  Object.entries(PODS).map(([key, { ips, labels }]) => {
    const [namespace = '', name = ''] = key.split('/');
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, uid: key, labels },
      spec: {
        nodeName: nodeOf(key),
        containers: [
          {
            name: 'c',
            ports: [
              { name: 'http', containerPort: key === 'shop/db' ? 9000 : 8080 },
              { name: 'dns', containerPort: 5353, protocol: 'UDP' },
            ],
          },
        ],
      },
      status: { phase: 'Running', podIPs: ips.map((ip) => ({ ip })) },
    };
  });

const NAMESPACES: readonly Namespace[] = ['shop', 'bank'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: { 'kubernetes.io/metadata.name': name, kind: name === 'bank' ? 'money' : 'goods' },
  },
}));

const policy = (spec: Spec, name = 'p', namespace = 'shop'): NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace },
  spec,
});

const compile = (policies: readonly NetworkPolicy[], nodeOf?: (name: string) => string): Ruleset =>
  compilePolicies({ policies, pods: policyPods(pods(nodeOf)), namespaces: NAMESPACES, nodeName: 'n1' });

/** What the kernel would do with a new connection under the ruleset. */
function passes(ruleset: Ruleset, from: string, to: string, port: number, protocol: string): boolean {
  if (from === to) return true;
  const allowed = (profile: string | undefined, other: string): boolean =>
    profile === undefined ||
    (ruleset.profiles.get(profile)?.allows ?? []).some(
      ({ peers, ports }) =>
        peerMatches(ruleset, peers, other) && portMatches(ruleset, ports, { to, port, protocol }),
    );
  return allowed(ruleset.egress.get(from), to) && allowed(ruleset.ingress.get(to), from);
}

function peerMatches(ruleset: Ruleset, peers: PeerMatch, address: string): boolean {
  switch (peers.kind) {
    case 'any':
      return true;
    case 'pods':
      return ruleset.peers.get(peers.set)?.has(address) ?? false;
    case 'block':
      return (
        containsAddress(peers.network, address) &&
        !peers.except.some((entry) => containsAddress(entry, address))
      );
  }
}

interface Destination {
  readonly to: string;
  readonly port: number;
  readonly protocol: string;
}

function portMatches(ruleset: Ruleset, ports: PortMatch, { to, port, protocol }: Destination): boolean {
  switch (ports.kind) {
    case 'any':
      return true;
    case 'protocol':
      return ports.protocol === protocol;
    case 'ranges':
      return (
        ports.protocol === protocol && ports.ranges.some(([first, last]) => first <= port && port <= last)
      );
    case 'named':
      return (ruleset.namedPorts.get(ports.set) ?? []).some(
        (place) => place.address === to && place.port === port && place.protocol === protocol,
      );
  }
}

/** Reads `bank/web → shop/db:80/TCP` and says whether it passes; both families must agree. */
function connects(ruleset: Ruleset, question: string): boolean {
  const [from = '', target = ''] = question.split(' → ');
  const [to = '', where = '80/TCP'] = target.split(':');
  const [port = '', protocol = 'TCP'] = where.split('/');
  const addresses = policyPods(pods());
  const of = (name: string, family: number): string =>
    addresses.find((pod) => pod.uid === name)?.addresses[family] ?? OUTSIDE.ips[family] ?? '';
  const answers = [0, 1].map((family) =>
    passes(ruleset, of(from, family), of(to, family), Number(port), protocol),
  );
  if (answers[0] !== answers[1]) throw new Error(`the families disagree about ${question}`);
  return answers[0] === true;
}

const ALL = { podSelector: {} };
const DB = { podSelector: { matchLabels: { app: 'db' } } };

const CASES: readonly (readonly [string, readonly NetworkPolicy[], Readonly<Record<string, boolean>>])[] = [
  [
    'without policies everybody reaches everybody',
    [],
    { 'bank/spy → shop/db': true, 'world → shop/db': true },
  ],
  [
    'an empty policy isolates its pods for ingress and leaves egress free',
    [policy(ALL)],
    {
      'bank/spy → shop/db': false,
      'shop/web → shop/db': false,
      'shop/db → bank/spy': true,
      'shop/db → world': true,
    },
  ],
  [
    'policyTypes default to egress, too, where there are egress rules',
    [policy({ ...ALL, egress: [{ to: [{ podSelector: {} }] }] })],
    { 'shop/web → bank/web': false, 'bank/web → shop/web': false },
  ],
  [
    'policyTypes [Egress] leaves ingress free',
    [policy({ ...ALL, policyTypes: ['Egress'] })],
    { 'bank/web → shop/web': true, 'shop/web → bank/web': false, 'shop/web → world': false },
  ],
  [
    'ingress rules do nothing when policyTypes names only Egress',
    [policy({ ...ALL, policyTypes: ['Egress'], ingress: [{ from: [{ podSelector: {} }] }] })],
    { 'bank/web → shop/web': true },
  ],
  [
    'an ingress rule without from and ports lets everybody in',
    [policy({ ...ALL, ingress: [{}] })],
    { 'bank/spy → shop/db:81/UDP': true, 'world → shop/db': true },
  ],
  [
    'empty lists of from and ports mean the same as missing ones',
    [policy({ ...ALL, ingress: [{ from: [], ports: [] }] })],
    { 'bank/spy → shop/db:81/UDP': true, 'world → shop/db': true },
  ],
  [
    'an empty list of rules lets nobody in',
    [policy({ ...ALL, ingress: [] })],
    { 'shop/web → shop/db': false },
  ],
  [
    'a podSelector alone means the own namespace',
    [policy({ ...DB, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }] })],
    { 'shop/web → shop/db': true, 'bank/web → shop/db': false, 'bank/web → shop/web': true },
  ],
  [
    'an empty podSelector means all pods of the own namespace and nobody outside',
    [policy({ ...DB, ingress: [{ from: [{ podSelector: {} }] }] })],
    { 'shop/web → shop/db': true, 'bank/web → shop/db': false, 'world → shop/db': false },
  ],
  [
    'a namespaceSelector alone means all pods of those namespaces',
    [policy({ ...DB, ingress: [{ from: [{ namespaceSelector: { matchLabels: { kind: 'money' } } }] }] })],
    { 'bank/web → shop/db': true, 'bank/spy → shop/db': true, 'shop/web → shop/db': false },
  ],
  [
    'an empty namespaceSelector means every pod, but not the world',
    [policy({ ...DB, ingress: [{ from: [{ namespaceSelector: {} }] }] })],
    { 'bank/web → shop/db': true, 'shop/web → shop/db': true, 'world → shop/db': false },
  ],
  [
    'both selectors in one peer must both match',
    [
      policy({
        ...DB,
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { kind: 'money' } },
                podSelector: { matchLabels: { app: 'web' } },
              },
            ],
          },
        ],
      }),
    ],
    { 'bank/web → shop/db': true, 'bank/spy → shop/db': false, 'shop/web → shop/db': false },
  ],
  [
    'two peers of one rule are alternatives',
    [
      policy({
        ...DB,
        ingress: [
          {
            from: [
              { namespaceSelector: { matchLabels: { kind: 'money' } } },
              { podSelector: { matchLabels: { app: 'web' } } },
            ],
          },
        ],
      }),
    ],
    { 'bank/spy → shop/db': true, 'shop/web → shop/db': true, 'world → shop/db': false },
  ],
  [
    'expressions count: In, NotIn, Exists, DoesNotExist',
    [
      policy({
        podSelector: { matchExpressions: [{ key: 'tier', operator: 'In', values: ['back', 'deep'] }] },
        ingress: [
          {
            from: [
              {
                namespaceSelector: {
                  matchExpressions: [{ key: 'kind', operator: 'NotIn', values: ['goods'] }],
                },
                podSelector: { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
              },
              { podSelector: { matchExpressions: [{ key: 'tier', operator: 'Exists' }] } },
            ],
          },
        ],
      }),
    ],
    {
      'bank/web → shop/db': true,
      'shop/web → shop/db': true,
      'world → shop/db': false,
      'bank/spy → shop/web': true,
    },
  ],
  [
    'policies add up, and a second one never takes away',
    [
      policy({ ...DB, ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }] }, 'a'),
      policy({ ...ALL, ingress: [] }, 'b'),
    ],
    { 'shop/web → shop/db': true, 'bank/spy → shop/db': false, 'shop/db → shop/web': false },
  ],
  [
    'policies of another namespace do not matter',
    [policy({ ...ALL }, 'p', 'bank')],
    { 'bank/spy → shop/db': true, 'shop/web → bank/web': false },
  ],
  [
    'both ends must agree',
    [
      policy({ ...ALL, policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: {} }] }] }),
      policy({ ...ALL, ingress: [{ from: [{ podSelector: {} }] }] }, 'p', 'bank'),
    ],
    { 'shop/web → bank/web': false, 'shop/web → shop/db': true, 'shop/web → world': false },
  ],
  [
    'a pod always reaches itself',
    [policy({ ...ALL, policyTypes: ['Ingress', 'Egress'] })],
    { 'shop/web → shop/web': true, 'shop/web → shop/db': false },
  ],
  [
    'a port opens one number of one protocol, TCP unless said',
    [policy({ ...DB, ingress: [{ ports: [{ port: 80 }] }] })],
    {
      'bank/web → shop/db:80/TCP': true,
      'bank/web → shop/db:80/UDP': false,
      'bank/web → shop/db:81/TCP': false,
    },
  ],
  [
    'SCTP and UDP are told apart',
    [policy({ ...DB, ingress: [{ ports: [{ port: 80, protocol: 'SCTP' }, { protocol: 'UDP' }] }] })],
    {
      'bank/web → shop/db:80/SCTP': true,
      'bank/web → shop/db:81/SCTP': false,
      'bank/web → shop/db:1/UDP': true,
      'bank/web → shop/db:80/TCP': false,
    },
  ],
  [
    'endPort opens the range, both ends included',
    [policy({ ...DB, ingress: [{ ports: [{ port: 80, endPort: 82 }] }] })],
    {
      'bank/web → shop/db:79': false,
      'bank/web → shop/db:80': true,
      'bank/web → shop/db:82': true,
      'bank/web → shop/db:83': false,
    },
  ],
  [
    'a named port is the number that the target gives it',
    [policy({ ...ALL, ingress: [{ ports: [{ port: 'http' }] }] })],
    {
      'bank/web → shop/db:9000': true,
      'bank/web → shop/db:8080': false,
      'bank/web → shop/web:8080': true,
      'bank/web → shop/web:9000': false,
    },
  ],
  [
    'a named port counts for its own protocol only',
    [policy({ ...ALL, ingress: [{ ports: [{ port: 'dns' }, { port: 'http', protocol: 'UDP' }] }] })],
    { 'bank/web → shop/db:5353/TCP': false, 'bank/web → shop/db:5353/UDP': false },
  ],
  [
    'an egress rule resolves names at the pod it leads to',
    [policy({ ...ALL, policyTypes: ['Egress'], egress: [{ ports: [{ port: 'http' }] }] })],
    {
      'shop/web → shop/db:9000': true,
      'shop/web → shop/db:8080': false,
      'shop/web → bank/web:8080': true,
      'shop/web → world:8080': false,
    },
  ],
  [
    'a name nobody has opens nothing',
    [policy({ ...ALL, ingress: [{ ports: [{ port: 'nope' }] }] })],
    { 'bank/web → shop/db:80': false },
  ],
  [
    'ipBlocks look at addresses, pods or not, without the exceptions',
    [
      policy({
        ...DB,
        ingress: [
          {
            from: [
              { ipBlock: { cidr: '10.0.0.0/16', except: ['10.0.1.2/32'] } },
              { ipBlock: { cidr: 'fd00::/16', except: ['fd00::1:2/128'] } },
            ],
          },
        ],
      }),
    ],
    { 'bank/web → shop/db': true, 'bank/spy → shop/db': false, 'world → shop/db': false },
  ],
  [
    'an ipBlock of everything without the private ranges reaches the world only',
    [
      policy({
        ...ALL,
        policyTypes: ['Egress'],
        egress: [
          {
            to: [
              { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '10.0.0.0/16'] } },
              { ipBlock: { cidr: '::/0', except: ['fc00::/7'] } },
            ],
          },
        ],
      }),
    ],
    { 'shop/web → world': true, 'shop/web → shop/db': false, 'shop/web → bank/web': false },
  ],
  [
    'what can not be read opens nothing',
    [
      policy({
        ...DB,
        ingress: [
          { from: [{}] },
          { from: [{ ipBlock: { cidr: 'nonsense' } }] },
          { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['nonsense'] } }] },
          { ports: [{ port: 80, protocol: 'ICMP' }] },
          { ports: [{ port: 90, endPort: 80 }] },
        ],
      }),
    ],
    { 'bank/web → shop/db': false, 'shop/web → shop/db:80': false, 'shop/web → shop/db:85': false },
  ],
];

describe('compilePolicies', () => {
  it.each(CASES)('%s', (_name, policies, expected) => {
    const ruleset = compile(policies);

    const answers = Object.keys(expected).map((question) => [question, connects(ruleset, question)]);

    expect(Object.fromEntries(answers)).toEqual(expected);
  });

  it('enforces only for pods of its own node, but knows all pods as peers', () => {
    const policies = [policy({ ...ALL, ingress: [{ from: [{ podSelector: {} }] }] })];

    const ruleset = compile(policies, (name) => (name === 'shop/db' ? 'n1' : 'n2'));

    expect([...ruleset.ingress.keys()]).toEqual(['10.0.0.2', 'fd00:0:0:0:0:0:0:2']);
    expect(connects(ruleset, 'shop/web → shop/db')).toBe(true);
    expect(connects(ruleset, 'bank/spy → shop/db')).toBe(false);
  });

  it('gives pods under the same policies one profile, and the same names for any order of objects', () => {
    const policies = [
      policy({ ...ALL, ingress: [{ from: [{ podSelector: {} }] }] }, 'a'),
      policy({ ...ALL, ingress: [{ ports: [{ port: 'http' }] }] }, 'b'),
    ];

    const [forward, backward] = [compile(policies), compile([...policies].reverse())];

    expect(forward.profiles.size).toBe(1);
    expect(backward).toEqual(forward);
  });

  it('keeps names when only the chosen pods change', () => {
    const policies = [policy({ ...ALL, ingress: [{ from: [{ namespaceSelector: {} }] }] })];
    const world = { policies, namespaces: NAMESPACES, nodeName: 'n1' };

    const few = compilePolicies({ ...world, pods: policyPods(pods().slice(0, 2)) });
    const all = compilePolicies({ ...world, pods: policyPods(pods()) });

    expect([...few.profiles.keys()]).toEqual([...all.profiles.keys()]);
    expect([...few.peers.keys()]).toEqual([...all.peers.keys()]);
  });
});

describe('mergeRanges', () => {
  it.each([
    [
      [
        [80, 80],
        [81, 90],
      ],
      [[80, 90]],
    ],
    [
      [
        [100, 200],
        [80, 80],
        [150, 160],
      ],
      [
        [80, 80],
        [100, 200],
      ],
    ],
    [[[80, 79]], []],
    [
      [
        [1, 1],
        [1, 1],
      ],
      [[1, 1]],
    ],
  ] satisfies [[number, number][], [number, number][]][])('%j becomes %j', (ranges, expected) => {
    expect(mergeRanges(ranges)).toEqual(expected);
  });
});
