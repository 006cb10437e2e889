import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../../api/json-schema.ts';
import { virtualClusterCrd } from '../../../api/virtual-cluster.ts';
import { parseYaml } from '../../../kube/yaml.ts';
import { CURRENT_KEYS } from './current-keys.ts';
import { KEY_FOLDERS, KNOWN_KEYS } from './known-keys.ts';
import { OLDER_KEYS } from './older-keys.ts';
import { readVclusterValues } from './read-values.ts';

const read = (text: string) => {
  const values = parseYaml(text);
  return readVclusterValues(isJsonObject(values) ? values : {});
};
const example = (name: string) =>
  read(readFileSync(join(import.meta.dirname, '../../../../examples/vcluster', name), 'utf8'));

/** Values with one key set, by its path. */
const at = (path: string, value: JsonObject[string]): JsonObject =>
  path.split('.').reduceRight<JsonObject[string]>((below, key) => ({ [key]: below }), value) as JsonObject; // true: a path has a key

describe('the customers of the example', () => {
  it('on a trial plan, in the older form, get the plan and nothing else', () => {
    const { spec, quota, limits, findings } = example('customer1-values.yaml');

    expect(findings).toEqual([]);
    expect(spec).toEqual({ replicas: 1, sync: { ingresses: true } });
    expect(quota?.spec.hard).toMatchObject({
      'requests.cpu': '5',
      'requests.memory': '10Gi',
      'count/pods': '3',
      // As vcluster's chart fills it in.
      'count/secrets': '100',
    });
    expect(limits?.spec.limits[0]).toMatchObject({ type: 'Container', defaultRequest: { memory: '32Mi' } });
  });

  it('on a paid plan, in the form of today, get theirs', () => {
    const { spec, quota, findings, notes } = example('customer2-values.yaml');

    expect({ findings, notes }).toEqual({ findings: [], notes: [] });
    expect(spec).toEqual({
      backend: 'dedicated',
      replicas: 1,
      sync: { ingresses: true, networkPolicies: true },
    });
    expect(quota?.spec.hard['count/pods']).toBe('3000');
  });
});

describe('what can’t be had', () => {
  it('is told by name, all at once, and with it what is no key', () => {
    const { findings } = read(`
controlPlane:
  replicas: 3
  proxy: 8443
  backingStore: { etcd: { external: { enabled: true, endpoint: etcd } } }
sync: { toHost: { pods: { enabled: false }, namespaces: { enabled: true } } }
syncs: {}
`);

    expect(findings).toEqual([
      expect.stringMatching(/^controlPlane\.replicas: no such key; there are advanced, backingStore, /),
      'controlPlane.proxy: must be a map with keys of bindAddress, extraSANs, port',
      expect.stringMatching(/^controlPlane\.backingStore\.etcd\.external: not supported/),
      expect.stringMatching(/^sync\.toHost\.pods\.enabled: false is not supported: /),
      expect.stringMatching(/^sync\.toHost\.namespaces: not supported: /),
      expect.stringMatching(/^syncs: no such key/),
    ]);
  });

  it.each([
    ['switched off', 'controlPlane: { ingress: { enabled: false, host: my-host.com } }'],
    ['left to the program', 'sync: { fromHost: { storageClasses: { enabled: auto } } }'],
    ['empty', 'plugins: {}\nnetworking: { resolveDNS: [] }\nexportKubeConfig: { context: "" }'],
    [
      'as vcluster has it',
      'controlPlane: { statefulSet: { scheduling: { podManagementPolicy: Parallel, nodeSelector: {} } } }',
    ],
    ['said without a value', 'privateNodes:\nsleep:'],
  ])('is no matter where it is %s', (_what, text) => {
    expect(read(text)).toMatchObject({ findings: [], notes: [] });
  });

  it('is told of what is said below a key without effect, too', () => {
    const { findings, notes } = read('privateNodes: { enabled: true, kubelet: { config: { a: 1 } } }');

    expect(findings).toEqual([expect.stringMatching(/^privateNodes\.enabled: not supported/)]);
    expect(notes).toEqual([expect.stringMatching(/^privateNodes\.kubelet changes nothing/)]);
  });
});

describe('policies', () => {
  it.each([
    ['neither', 'policies: { resourceQuota: { enabled: auto } }', [false, false]],
    ['both, for one brings the other', 'policies: { resourceQuota: { enabled: true } }', [true, true]],
    [
      'one, where the other is off',
      'policies: { resourceQuota: { enabled: false }, limitRange: { enabled: true } }',
      [false, true],
    ],
    [
      'neither of the older form without its switch',
      'isolation: { resourceQuota: { enabled: true } }',
      [false, false],
    ],
    ['both of the older form', 'isolation: { enabled: true }', [true, true]],
  ])('come as vcluster has them: %s', (_what, text, expected) => {
    const { quota, limits } = read(text);

    expect([quota !== undefined, limits !== undefined]).toEqual(expected);
  });

  it('keep what was said beside the numbers, and lose what is taken away', () => {
    const { quota, limits } = read(`
policies:
  resourceQuota:
    enabled: true
    labels: { team: a }
    quota: { count/pods: 1, services.loadbalancers: null }
    scopes: [NotTerminating]
    scopeSelector: { matchExpressions: [{ scopeName: PriorityClass, operator: Exists }] }
  limitRange: { max: { cpu: 2 }, annotations: { why: so } }
`);

    expect(quota).toMatchObject({
      labels: { team: 'a' },
      spec: { scopes: ['NotTerminating'], scopeSelector: { matchExpressions: [{ operator: 'Exists' }] } },
    });
    expect(quota?.spec.hard['count/pods']).toBe('1');
    expect(quota?.spec.hard).not.toHaveProperty('services.loadbalancers');
    expect(limits).toMatchObject({ annotations: { why: 'so' }, spec: { limits: [{ max: { cpu: '2' } }] } });
  });
});

describe('the rules', () => {
  const rules = [...CURRENT_KEYS, ...OLDER_KEYS];

  it('say of every key one thing', () => {
    const paths = rules.map(({ path }) => path);
    expect(paths.filter((path, index) => paths.indexOf(path) !== index && !isSameTwice(path))).toEqual([]);
  });

  /** Keys that both forms have and that mean the same in both. */
  function isSameTwice(path: string): boolean {
    const [first, second] = rules.filter((rule) => rule.path === path);
    return first?.is === second?.is;
  }

  it('name fields that VirtualCluster has', () => {
    const schema = JSON.stringify(virtualClusterCrd());
    const names = rules.flatMap(({ field }) => (field === undefined ? [] : field.split('.')));

    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !schema.includes(`"${name}":{`))).toEqual([]);
  });

  it.each(rules.filter(({ is }) => is === 'refused').map(({ path }) => path))('refuse %s', (path) => {
    const { findings } = readVclusterValues(
      at(path, KEY_FOLDERS.has(path) ? { anything: 'asked' } : 'asked'),
    );

    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatch(/not supported: /);
  });

  it('map or refuse every key of the store', () => {
    const store = [...KNOWN_KEYS.values()].filter(({ path }) =>
      path.startsWith('controlPlane.backingStore.'),
    );

    expect(store.filter(({ is }) => is === 'field').map(({ path }) => path)).toEqual([
      'controlPlane.backingStore.etcd.deploy.enabled',
      'controlPlane.backingStore.etcd.embedded.enabled',
      'controlPlane.backingStore.database.embedded.enabled',
    ]);
    expect(store.length).toBeGreaterThan(20);
  });
});
