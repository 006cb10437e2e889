import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL_PLANE, type ControlPlane } from '../../src/api/control-plane.ts';
import type { PostCreateHook } from '../../src/api/post-create-hook.ts';
import { renderHook } from '../../src/features/hooks/render-hook.ts';
import { variablesOf } from '../../src/features/hooks/variables.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { parseManifests } from '../../src/kube/yaml.ts';
import { startEngine } from './helm-engine.ts';

let engine: HelmEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const read = (file: string): readonly AnyObject[] =>
  parseManifests(readFileSync(new URL(`../../examples/kubeflex/${file}`, import.meta.url), 'utf8'));

/** The objects of a hook of examples/kubeflex as a plane called `t` gets them. */
async function objectsOf(
  name: string,
  vars: Record<string, string> = {},
  file = name,
): Promise<readonly AnyObject[]> {
  const hook = read(`hooks/${file}.yaml`).find(({ metadata }) => metadata.name === name);
  if (hook === undefined) throw new Error(`there is no hook ${name}`);
  const plane: ControlPlane = {
    apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
    kind: CONTROL_PLANE.kind,
    metadata: { name: 't' },
    spec: { type: 'k8s' },
  };
  const shipped: PostCreateHook = hook;
  return renderHook(engine, shipped, variablesOf(shipped, { hookName: name, vars }, plane));
}

describe('the hooks of examples/kubeflex', () => {
  it('close or open the network of a plane’s namespace, and know no third way', async () => {
    const strict = await objectsOf('configure-networking', { network_policy: 'strict' });
    const open = await objectsOf('configure-networking', { network_policy: 'open' });

    expect(strict.map(({ metadata }) => metadata.name)).toEqual(['configure-networking-strict']);
    expect(strict[0]?.['spec']).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect(strict[0]?.['spec']).not.toHaveProperty('ingress');
    expect(open.map(({ spec }) => spec)).toMatchObject([{ ingress: [{}], egress: [{}] }]);
    await expect(objectsOf('configure-networking', { network_policy: 'off' })).rejects.toThrow(
      /network_policy is "off": strict or open/,
    );
  });

  it('have Prometheus find the API server', async () => {
    const plain = await objectsOf('setup-monitoring', { prometheus_namespace: 'metrics' });
    const monitored = await objectsOf('setup-monitoring', { service_monitor: 'true' });

    expect(plain.map(({ kind }) => kind)).toEqual(['Service', 'NetworkPolicy']);
    expect(JSON.stringify(plain)).toContain('"kubernetes.io/metadata.name":"metrics"');
    expect(monitored.at(-1)).toMatchObject({ kind: 'ServiceMonitor', metadata: { name: 'plane-metrics' } });
    expect(await objectsOf('setup-monitoring-access', {}, 'setup-monitoring')).toHaveLength(1);
  });

  it('bring the kinds of OpenShift to the plane', async () => {
    const kinds = (await objectsOf('openshift-crds')).map(({ metadata }) => metadata.name);

    expect(kinds).toContain('routes.route.openshift.io');
    expect(kinds).toContain('securitycontextconstraints.security.openshift.io');
  });

  it('make virtual machines with numbers where KubeVirt wants numbers', async () => {
    const [pool] = await objectsOf('kubevirt-nodes', { node_count: '3', vm_memory: '4Gi', vm_cpu: '2' });

    expect(pool).toMatchObject({
      metadata: { name: 't-nodes' },
      spec: {
        replicas: 3,
        virtualMachineTemplate: {
          spec: { template: { spec: { domain: { cpu: { cores: 2 }, memory: { guest: '4Gi' } } } } },
        },
      },
    });
  });

  it('are those that the tenant of examples/kubeflex names', () => {
    const [tenant] = read('custom-tenant.yaml');
    const hooks = ['setup-monitoring', 'configure-networking'];

    expect(tenant?.['spec']).toMatchObject({ postCreateHooks: hooks.map((hookName) => ({ hookName })) });
    for (const name of hooks)
      expect(read(`hooks/${name}.yaml`).map(({ metadata }) => metadata.name)).toContain(name);
  });
});
