import { describe, expect, it } from 'vitest';
import { certificateFiles, issueCertificates } from './certificates.ts';
import { planNetwork } from './network-plan.ts';
import { nodeConfigFiles } from './node-config.ts';
import { FIRST_SERVICES, SERVICES, serviceCommands } from './services.ts';
import { SYSTEM_IMAGES } from './system-images.ts';

const network = planNetwork({ ipv6: true });
const commands = serviceCommands({
  nodeName: 'a-1',
  network,
  tools: new Map([['etcd', '/t/etcd']]),
  self: ['node', 'x'],
});

describe('serviceCommands', () => {
  it('starts found tools by their path and ourselves by our own command line', () => {
    expect(commands.etcd[0]).toBe('/t/etcd');
    expect(commands.agent.slice(0, 4)).toEqual(['node', 'x', 'cluster', 'agent']);
  });

  it('names only files that the node is given', async () => {
    const made = await issueCertificates('a-1', network, Date.UTC(2026, 0, 1));
    const given = new Set([
      ...Object.keys(certificateFiles(made)).map((name) => `pki/${name}`),
      ...Object.keys(made.users).map((name) => `${name}.kubeconfig`),
      ...Object.keys(nodeConfigFiles('a-1', network, SYSTEM_IMAGES, 'overlayfs')),
    ]);
    const words = SERVICES.flatMap((name) => commands[name]);

    const used = words.flatMap((word) => /\/run\/tenantry\/etc\/(.*)$/.exec(word)?.[1] ?? []);

    expect(used.length).toBeGreaterThan(20);
    expect(used.filter((name) => !given.has(name))).toEqual([]);
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
      nodeName: 'a',
      network: planNetwork({ ipv6: false }),
      tools: new Map(),
      self: [],
    });

    expect(SERVICES.flatMap((name) => v4[name]).join(' ')).not.toMatch(/fd0a|ipv6|bind-address=::/);
  });
});
