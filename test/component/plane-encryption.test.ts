import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG_MAP, PVC } from '../../src/kube/builtin-kinds.ts';
import { eventually, startPlaneRig, type PlaneRig } from './plane-rig.ts';

let rig: PlaneRig;

beforeEach(async () => {
  rig = await startPlaneRig();
});

afterEach(() => rig.end());

const args = (name: string): readonly string[] =>
  rig.deployment(name, 'kube-apiserver')?.spec?.template.spec?.containers[0]?.args ?? [];
const flag = (name: string): string =>
  args(name).find((arg) => arg.startsWith('--encryption-provider-config=')) ?? '';
/** Key of the Secret that API servers are to read. */
const fileOf = (name: string): string => flag(name).split('/').at(-1) ?? '';
/** Which keys the API servers have, the one that writes first. */
function providers(name: string): readonly string[] {
  const files = rig.files(name, 'encryption');
  const { providers: all = [] } = JSON.parse(files['state.json'] ?? '{}') as {
    providers?: ('identity' | { name: string })[]; // true: written by the code under test
  };
  return all.map((one) => (one === 'identity' ? one : one.name.replace(/-.{8}$/, '')));
}
const said = (name: string): string => rig.condition(name, 'SecretsEncrypted')?.reason ?? '';

describe('encryption of Secrets', () => {
  it('is there from the beginning where a plane is made so', async () => {
    await rig.create('a', { encryption: {} });
    await rig.ready('a');
    await eventually('it is said', () => said('a') === 'Encrypted');

    expect(providers('a')).toEqual(['first', 'identity']);
    expect(rig.files('a', 'encryption')[fileOf('a')]).toContain('secretbox');
    expect(rig.rewritten).toEqual(['a-system']);
  });

  it('is turned on, changed and turned off in steps, none before all API servers are with the one before', async () => {
    await rig.create('a');
    await rig.ready('a');
    expect([flag('a'), said('a')]).toEqual(['', '']);
    const step = async (wanted: readonly string[]): Promise<void> => {
      await eventually(`keys are ${wanted.join()}`, () => providers('a').join() === wanted.join());
      await eventually('API servers are asked for it', () => fileOf('a') in rig.files('a', 'encryption'));
      await rig.rollOut('a', 'kube-apiserver');
    };

    await rig.change('a', { spec: { encryption: {} } });
    await step(['identity', 'first']);
    expect(rig.rewritten).toEqual([]);
    await step(['first', 'identity']);
    await eventually('it is said', () => said('a') === 'Encrypted');
    expect(rig.rewritten).toEqual(['a-system']);

    await rig.change('a', { spec: { encryption: { keyName: 'second' } } });
    await step(['first', 'identity', 'second']);
    await step(['second', 'first', 'identity']);
    await step(['second', 'identity']);
    await eventually('it is said', () => said('a') === 'Encrypted');

    await rig.change('a', { spec: { encryption: null } });
    await step(['identity', 'second']);
    await eventually(
      'API servers know of no key',
      () => providers('a').join() === 'identity' && flag('a') === '',
    );
    await rig.rollOut('a', 'kube-apiserver');
    await eventually('it is said', () => said('a') === 'Off');
    expect(rig.rewritten).toHaveLength(3);
  });

  it('begins where it was when the operator is another one', async () => {
    await rig.create('a', { encryption: {} });
    await rig.ready('a');
    await eventually('it is said', () => said('a') === 'Encrypted');
    const before = rig.files('a', 'encryption');

    await rig.restart();
    await rig.change('a', {
      metadata: { annotations: { 'tenantry.dev/restored-at': '2026-01-01T00:00:00Z' } },
    });
    await eventually('what was restored is rewritten', () => rig.rewritten.length === 2);
    await eventually('it is said', () => said('a') === 'Encrypted');

    expect(rig.files('a', 'encryption')[fileOf('a')]).toBe(before[fileOf('a')]);
  });
});

describe('the audit log', () => {
  it('goes to a volume that is as large as it may become', async () => {
    await rig.create('a', { audit: { output: 'volume', maxSizeMiB: 10, maxBackups: 3 } });
    await rig.ready('a');

    expect(args('a')).toEqual(
      expect.arrayContaining([
        '--audit-log-path=/var/log/kubernetes/audit.log',
        '--audit-log-maxsize=10',
        '--audit-log-maxbackup=3',
      ]),
    );
    const claim = rig.api.objects(PVC, 'a-system').find(({ metadata }) => metadata.name === 'audit-log');
    expect(claim?.spec?.resources?.requests).toEqual({ storage: '50Mi' });
  });

  it('waits for its policy, and API servers that run go on', async () => {
    await rig.create('a');
    await rig.ready('a');
    await rig.change('a', { spec: { audit: { policyConfigMap: 'p' } } });
    await eventually('it is said', () => /p is not there/.test(rig.condition('a', 'Synced')?.message ?? ''));
    expect(rig.condition('a', 'Ready')?.status).toBe('True');
    expect(args('a').filter((arg) => arg.startsWith('--audit'))).toEqual([]);

    await rig.client.create(CONFIG_MAP, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'p', namespace: 'tenantry-system', labels: { 'tenantry.dev/audit-policy': 'true' } },
      data: { 'policy.yaml': 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n' },
    });
    // Whoever waits for it is looked at again.
    await rig.change('a', { metadata: { labels: { look: 'again' } } });
    await eventually('they are asked for it', () => args('a').includes('--audit-log-path=-'));
    expect(Object.values(rig.files('a', 'audit'))).toEqual([expect.stringContaining('Policy')]);
  });
});
