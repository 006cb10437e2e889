import { describe, expect, it } from 'vitest';
import { silentProgress } from '../lib/progress.ts';
import { systemClock } from '../lib/clock.ts';
import { issueCertificates, type ClusterCertificates } from './certificates.ts';
import { clusterPaths } from './cluster-paths.ts';
import { planNetwork, planNodes, type NodePlan } from './network-plan.ts';
import { nodeOptions, type NodeMaterial } from './node-material.ts';
import { FIRST_SERVICES, SERVICES, WORKER_SERVICES, serviceCommands } from './services.ts';

const network = planNetwork({ ipv6: true });
const [first, second] = planNodes(network, 'a', 2) as [NodePlan, NodePlan]; // As many as were asked for.
const options = { network, tools: new Map([['etcd', '/t/etcd']]), self: ['node', 'x'] };
const commands = serviceCommands({ ...options, node: first });

let made: Promise<ClusterCertificates> | undefined;
/** All that a node is made from; nothing runs and nothing is written. */
async function material(): Promise<NodeMaterial> {
  made ??= issueCertificates([first, second], network, Date.UTC(2026, 0, 1));
  return {
    options: {
      name: 'a',
      dataHome: '/d',
      cacheHome: '/c',
      toolSources: '/t',
      env: {},
      uid: 0,
      platform: 'linux-x64',
      self: ['node', 'x'],
      run: () => Promise.reject(new Error('nothing runs here')),
      clock: systemClock,
      progress: silentProgress,
    },
    paths: clusterPaths('/d', 'a'),
    machine: { cgroups: { version: 1, groups: [] }, ipv6: true, snapshotter: 'overlayfs' },
    network,
    nodes: [first, second],
    tools: new Map(),
    certificates: await made,
  };
}

describe('serviceCommands', () => {
  it('starts found tools by their path and ourselves by our own command line', () => {
    expect(commands.etcd[0]).toBe('/t/etcd');
    expect(commands.agent.slice(0, 4)).toEqual(['node', 'x', 'cluster', 'agent']);
  });

  it.each([
    ['the first', first, SERVICES, 20],
    ['another', second, WORKER_SERVICES, 4],
  ])('names only files that the node is given: %s', async (_which, node, services, least) => {
    const { files } = nodeOptions(await material(), node);
    const words = services.flatMap((name) => serviceCommands({ ...options, node })[name]);

    const used = words.flatMap((word) => /\/run\/tenantry\/etc\/(.*)$/.exec(word)?.[1] ?? []);

    expect(used.length).toBeGreaterThanOrEqual(least);
    expect(used.filter((name) => !(name in files))).toEqual([]);
  });

  it('gives another node its own identity, and none of the control plane’s', async () => {
    const { files, services } = nodeOptions(await material(), second);

    expect(Object.keys(services)).toEqual([...WORKER_SERVICES]);
    expect(services['kubelet']).toContain('--node-ip=10.89.0.12,fd0a:5900:89::c');
    expect(services['agent']?.join(' ')).not.toContain('--load-balancers');
    expect(
      Object.keys(files).filter((name) => /ca\.key|etcd|service-accounts|scheduler|apiserver/.test(name)),
    ).toEqual([]);
    expect(files['pki/kubelet.crt']).not.toBe(nodeOptions(await material(), first).files['pki/kubelet.crt']);
  });

  it('lets nobody in without a certificate or a token that is checked', () => {
    const words = SERVICES.flatMap((name) => commands[name]).join(' ');

    expect(words).not.toMatch(/token-auth-file|AlwaysAllow|insecure-/);
    expect(words).toContain('--authorization-mode=Node,RBAC');
    expect(words).toContain('--client-cert-auth=true');
  });

  it('starts what needs no API server first, and everything once', () => {
    expect(new Set(SERVICES).size).toBe(SERVICES.length);
    expect(FIRST_SERVICES).toEqual(
      expect.arrayContaining(['etcd', 'kube-apiserver', 'containerd', 'forwarder']),
    );
  });

  it('leaves the second family out where there is none', () => {
    const v4 = serviceCommands({
      node: planNodes(planNetwork({ ipv6: false }), 'a', 1)[0] ?? first,
      network: planNetwork({ ipv6: false }),
      tools: new Map(),
      self: [],
    });

    expect(SERVICES.flatMap((name) => v4[name]).join(' ')).not.toMatch(/fd0a|ipv6|bind-address=::/);
  });
});
