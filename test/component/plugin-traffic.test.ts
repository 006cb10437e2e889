import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NETWORK_POLICY } from '../../src/kube/builtin-kinds.ts';
import { InstanceRig } from './instance-rig.ts';
import { install } from './instance-steps.ts';
import { startPlugins, type PluginRig } from './plugin-rig.ts';

/** A busy machine installs in seconds what takes half of one elsewhere. */
const HOOK_MS = 60_000;

let rig: InstanceRig;
let plugins: PluginRig;
beforeAll(async () => {
  rig = await InstanceRig.start();
  plugins = await startPlugins(rig.api.url, { token: 'tester', namespace: 'team' });
  for (const name of ['shop1', 'shop2', 'shop3']) await install(rig, name);
}, HOOK_MS);
afterAll(async () => {
  await plugins.close();
  await rig.close();
});

const allow = (...words: readonly string[]) => plugins.type('kubectl-allow-network-traffic', ...words);
const deny = (...words: readonly string[]) => plugins.type('kubectl-deny-network-traffic', ...words);

/** Namespaces that a policy lets in, its own apart. */
const letIn = (namespace: string): readonly unknown[] =>
  rig
    .objects(NETWORK_POLICY, namespace)
    .filter(({ metadata }) => metadata.name === 'restrict-cross-ns-traffic')
    .flatMap(({ spec }) => spec?.ingress ?? [])
    .flatMap(({ from }) => from ?? [])
    .flatMap(({ namespaceSelector }) => namespaceSelector?.matchExpressions?.[0]?.values ?? []);

const POLICY = "NetworkPolicy 'restrict-cross-ns-traffic'";

describe('kubectl allow and deny network traffic', () => {
  it('opens both doors, says so in KubePlus’s words, and closes them again', async () => {
    const allowed = await allow('shop1', 'shop2');

    expect(allowed.out.split('\n')).toEqual([
      `Adding allowed ingress for namespace 'shop2' in ${POLICY} of namespace 'shop1'.`,
      'networkpolicy.networking.k8s.io/restrict-cross-ns-traffic patched',
      `Adding allowed ingress for namespace 'shop1' in ${POLICY} of namespace 'shop2'.`,
      'networkpolicy.networking.k8s.io/restrict-cross-ns-traffic patched',
      '',
    ]);
    // In force when the command ends, not some time later.
    expect([letIn('shop1'), letIn('shop2'), letIn('shop3')]).toEqual([['shop2'], ['shop1'], []]);
    expect((await allow('shop1', 'shop2')).out).toContain(
      "Namespace 'shop2' is already allowed in namespace 'shop1'.\n",
    );

    const denied = await deny('shop2', 'shop1');

    expect(denied.out).toMatch(
      /^Removing allowed ingress for namespace 'shop1' in .* of namespace 'shop2'\.\n/,
    );
    expect([letIn('shop1'), letIn('shop2')]).toEqual([[], []]);
    expect((await deny('shop1', 'shop2')).out).toContain(
      "No ingress rule for namespace 'shop2' found in namespace 'shop1'.\n",
    );
  });

  it('changes nothing where only one of the two may be changed', async () => {
    rig.api.addAdmission(({ user, name, operation }) =>
      operation === 'UPDATE' && user.username === 'tester' && name === 'shop3'
        ? { allowed: false, findings: [{ message: 'not yours' }] }
        : { allowed: true },
    );

    const { failed, out, err } = await allow('shop1', 'shop3');

    expect({ failed, out }).toEqual({ failed: true, out: '' });
    expect(err).toContain('not yours');
    expect((await rig.find('shop1'))?.tenantry?.trafficWith ?? {}).toEqual({});
  });

  it.each([
    [['shop1', 'team'], `${POLICY} does not exist in namespace 'team'.`],
    [['nowhere', 'shop1'], `${POLICY} does not exist in namespace 'nowhere'.`],
    [['shop1', 'shop1'], 'shop1 is named twice'],
  ])('refuses %j', async (words, message) => {
    expect(await allow(...words)).toEqual({ out: '', err: `${message}\n`, failed: true });
  });
});
