import { describe, expect, it } from 'vitest';
import { pod } from '../../../test/builders/virtual.ts';
import { STRICT_RULES, type TenantRules } from '../tenant.ts';
import { podRefusals } from './pod-refusals.ts';

const main = (container: object): object => ({ containers: [{ name: 'main', image: 'i', ...container }] });
const volume = (source: object): object => ({ volumes: [{ name: 'v', ...source }] });
const http = { httpGet: { host: '169.254.169.254', port: 80 } };

/** Everything a tenant may try, the field that the answer names, and the rule that would allow it. */
const ATTACKS: readonly (readonly [string, object, string, keyof TenantRules | undefined])[] = [
  ['a node by name', { nodeName: 'node-1' }, 'spec.nodeName', 'nodeName'],
  ['the network of the node', { hostNetwork: true }, 'spec.hostNetwork', 'hostNamespaces'],
  ['the processes of the node', { hostPID: true }, 'spec.hostPID', 'hostNamespaces'],
  ['the IPC of the node', { hostIPC: true }, 'spec.hostIPC', 'hostNamespaces'],
  ['a runtime class', { runtimeClassName: 'fast' }, 'spec.runtimeClassName', undefined],
  ['a device', { resourceClaims: [{ name: 'gpu' }] }, 'spec.resourceClaims', undefined],
  ['files of the node', volume({ hostPath: { path: '/' } }), 'spec.volumes[v].hostPath', 'hostPath'],
  ['a driver on the node', volume({ flexVolume: { driver: 'x' } }), 'spec.volumes[v].flexVolume', undefined],
  ['git on the node', volume({ gitRepo: { repository: 'x' } }), 'spec.volumes[v].gitRepo', undefined],
  ['a source from the future', volume({ teleport: {} }), 'spec.volumes[v].teleport', undefined],
  [
    'trust of the host',
    volume({ projected: { sources: [{ clusterTrustBundle: { name: 'x', path: 'p' } }] } }),
    'spec.volumes[v].projected.clusterTrustBundle',
    undefined,
  ],
  ['privilege', main({ securityContext: { privileged: true } }), 'containers[main]', 'privileged'],
  [
    'privilege in an init container',
    { initContainers: [{ name: 'i', securityContext: { privileged: true } }] },
    'initContainers[i]',
    'privileged',
  ],
  [
    'privilege in a debug container',
    { ephemeralContainers: [{ name: 'e', securityContext: { privileged: true } }] },
    'ephemeralContainers[e]',
    'privileged',
  ],
  ['a port of the node', main({ ports: [{ containerPort: 1, hostPort: 80 }] }), 'hostPort', 'hostPorts'],
  [
    'a capability',
    main({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }),
    'SYS_ADMIN',
    'beyondBaseline',
  ],
  ['all of /proc', main({ securityContext: { procMount: 'Unmasked' } }), 'procMount', 'beyondBaseline'],
  [
    'no seccomp',
    main({ securityContext: { seccompProfile: { type: 'Unconfined' } } }),
    'seccompProfile',
    'beyondBaseline',
  ],
  [
    'no seccomp for the pod',
    { securityContext: { seccompProfile: { type: 'Unconfined' } } },
    'seccomp',
    'beyondBaseline',
  ],
  [
    'no AppArmor',
    main({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }),
    'appArmorProfile',
    'beyondBaseline',
  ],
  [
    'another SELinux type',
    { securityContext: { seLinuxOptions: { type: 'spc_t' } } },
    'seLinux',
    'beyondBaseline',
  ],
  [
    'a host process',
    { securityContext: { windowsOptions: { hostProcess: true } } },
    'hostProcess',
    'beyondBaseline',
  ],
  [
    'a sysctl of the node',
    { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    'sysctls',
    'beyondBaseline',
  ],
  ['a probe of somebody else', main({ livenessProbe: http }), 'livenessProbe', 'beyondBaseline'],
  ['a hook to somebody else', main({ lifecycle: { preStop: http } }), 'lifecycle.preStop', 'beyondBaseline'],
];

describe('podRefusals', () => {
  it.each(ATTACKS)('refuses %s, and names the field', (_what, spec, field) => {
    const refusals = podRefusals(pod(spec), STRICT_RULES);

    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toContain(field);
  });

  it.each(ATTACKS.filter(([, , , rule]) => rule !== undefined))(
    'allows %s by its rule',
    (_what, spec, _field, rule) => {
      const rules = { ...STRICT_RULES, [rule ?? '']: true };

      expect(podRefusals(pod(spec), rules)).toEqual([]);
    },
  );

  it('refuses the old form of no AppArmor', () => {
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/main': 'unconfined' };

    expect(podRefusals(pod({}, { annotations }), STRICT_RULES)).toHaveLength(1);
  });

  it('names everything that is wrong at once', () => {
    const spec = { hostNetwork: true, hostPID: true, ...volume({ hostPath: { path: '/' } }) };

    expect(podRefusals(pod(spec), STRICT_RULES)).toHaveLength(3);
  });

  it('lets an ordinary pod be', () => {
    const spec = {
      ...main({
        securityContext: { capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] }, runAsNonRoot: true },
        livenessProbe: { httpGet: { port: 80 } },
        ports: [{ containerPort: 80 }],
      }),
      ...volume({ emptyDir: {} }),
      securityContext: { seccompProfile: { type: 'RuntimeDefault' }, fsGroup: 1 },
    };

    expect(podRefusals(pod(spec), STRICT_RULES)).toEqual([]);
  });
});
