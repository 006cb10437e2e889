import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Quota } from '../../api/revision.ts';
import type { AnyObject } from '../../kube/object.ts';
import { parseQuantity } from '../../lib/quantity.ts';
import { fillResources, netDefaults } from './fill-resources.ts';
import { podTemplateOf, type ContainerSpec, type PodSpec } from './pod-templates.ts';

const QUOTA: Quota = {
  'requests.cpu': '400m',
  'requests.memory': '400Mi',
  'limits.cpu': '2',
  'limits.memory': '1Gi',
};

function deployment(spec: PodSpec, replicas = 1, name = 'd'): AnyObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, template: { spec } },
  };
}

function filled(
  object: AnyObject,
  quota: Quota | undefined = QUOTA,
  hooks: readonly AnyObject[] = [],
): PodSpec {
  return podTemplateOf(fillResources([object], hooks, quota).objects[0] ?? object)?.spec ?? {};
}

describe('fillResources', () => {
  it('gives a container that names nothing its share, so that one more pod fits', () => {
    const { containers } = filled(deployment({ containers: [{ name: 'c' }] }));

    expect(containers?.[0]?.resources).toEqual({
      requests: { cpu: '100m', memory: '128Mi' },
      limits: { cpu: '1', memory: '512Mi' },
    });
  });

  it('counts replicas', () => {
    const { containers } = filled(deployment({ containers: [{ name: 'c' }] }, 3));

    expect(containers?.[0]?.resources?.limits).toEqual({ cpu: '500m', memory: '256Mi' });
  });

  it('counts what an autoscaler may make of them', () => {
    const object = deployment({ containers: [{ name: 'c' }] });
    const scaler: AnyObject = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd' } },
    };

    const [first] = fillResources([object, scaler], [], QUOTA).objects;

    expect(podTemplateOf(first ?? object)?.spec?.containers?.[0]?.resources?.limits?.['cpu']).toBe('500m');
  });

  it('requests only: keeps them and makes the limit at least as large', () => {
    const small = { ...QUOTA, 'limits.memory': '200Mi' };
    const { containers } = filled(
      deployment({ containers: [{ resources: { requests: { memory: '150Mi' } } }] }),
      small,
    );

    expect(containers?.[0]?.resources).toMatchObject({
      requests: { cpu: '100m', memory: '150Mi' },
      limits: { memory: '150Mi' },
    });
  });

  it('limits only: keeps them and requests no more', () => {
    const { containers } = filled(
      deployment({ containers: [{ resources: { limits: { cpu: '50m', memory: '64Mi' } } }] }),
    );

    expect(containers?.[0]?.resources).toEqual({
      requests: { cpu: '50m', memory: '64Mi' },
      limits: { cpu: '50m', memory: '64Mi' },
    });
  });

  it('changes nothing that is declared, whatever else it is', () => {
    const resources = {
      requests: { cpu: 1, memory: '1Gi', 'nvidia.com/gpu': 1 },
      limits: { cpu: '2', memory: '2Gi', 'nvidia.com/gpu': 1 },
    };

    expect(filled(deployment({ containers: [{ resources }] })).containers?.[0]?.resources).toEqual(resources);
  });

  it('fills only what one container lacks beside another that declares everything', () => {
    const declared = { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '200m', memory: '256Mi' } };
    const { containers } = filled(deployment({ containers: [{ resources: declared }, { name: 'c' }] }));

    // (2 − 2 × 0.2) ÷ 2 and (1024 − 2 × 256) ÷ 2
    expect(containers?.[1]?.resources?.limits).toEqual({ cpu: '800m', memory: '256Mi' });
    expect(containers?.[0]?.resources).toEqual(declared);
  });

  it('gives init containers what the others have together, so that the pod needs no more', () => {
    const { initContainers, containers } = filled(
      deployment({ containers: [{ name: 'a' }, { name: 'b' }], initContainers: [{ name: 'i' }] }),
    );

    expect(containers?.[0]?.resources?.limits).toEqual({ cpu: '500m', memory: '256Mi' });
    expect(initContainers?.[0]?.resources?.limits).toEqual({ cpu: '1', memory: '512Mi' });
  });

  it('counts what an init container gets at least, beside containers that name less', () => {
    const small = { cpu: '1m', memory: '1Mi' };
    const pods = [
      deployment({
        containers: [{ name: 'c', resources: { limits: small } }],
        initContainers: [{ name: 'i' }],
      }),
      deployment({ containers: [{ name: 'c' }] }, 1, 'other'),
    ];
    const quota = {
      'requests.cpu': '1',
      'requests.memory': '1Gi',
      'limits.cpu': '1',
      'limits.memory': '1Gi',
    };

    const [first, second] = fillResources(pods, [], quota).objects.map(
      (object) => podTemplateOf(object)?.spec,
    );

    expect(first?.initContainers?.[0]?.resources?.limits).toEqual({ cpu: '10m', memory: '16Mi' });
    // The first counts twice, for one more pod may run; the other has the rest.
    expect(second?.containers?.[0]?.resources?.limits?.['cpu']).toBe('980m');
  });

  it('counts sidecars as containers', () => {
    const { initContainers } = filled(
      deployment({ containers: [{ name: 'a' }], initContainers: [{ name: 's', restartPolicy: 'Always' }] }),
    );

    expect(initContainers?.[0]?.resources?.limits).toEqual({ cpu: '500m', memory: '256Mi' });
  });

  it('leaves room for the largest hook and fills it too', () => {
    const hook: AnyObject = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'h' },
      spec: { template: { spec: { containers: [{ name: 'h' }] } } },
    };
    const { objects, hooks } = fillResources([deployment({ containers: [{ name: 'c' }] })], [hook], QUOTA);

    for (const object of [...objects, ...hooks]) {
      expect(podTemplateOf(object)?.spec?.containers?.[0]?.resources?.limits?.['cpu']).toBe('666m');
    }
  });

  it('fills in the smallest values where the declared ones fill the quota already', () => {
    const { containers } = filled(
      deployment({ containers: [{ resources: { limits: { cpu: '4', memory: '4Gi' } } }, { name: 'c' }] }),
    );

    expect(containers?.[1]?.resources?.limits).toEqual({ cpu: '10m', memory: '16Mi' });
  });

  it('does nothing without a quota', () => {
    const object = deployment({ containers: [{ name: 'c' }] });

    expect(fillResources([object], [], undefined).objects[0]).toBe(object);
  });

  it('never exceeds the quota with all replicas and one more pod, and never a request above its limit', () => {
    const amount = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
    const container = fc
      .record({ request: amount, limit: amount })
      .filter(({ request, limit }) => request === undefined || limit === undefined || request <= limit)
      .map(({ request, limit }): ContainerSpec => ({
        resources: {
          requests: request === undefined ? {} : { cpu: `${request}m`, memory: `${request}Mi` },
          limits: limit === undefined ? {} : { cpu: `${limit}m`, memory: `${limit}Mi` },
        },
      }));
    const workload = fc.record({
      containers: fc.array(container, { minLength: 1, maxLength: 3 }),
      initContainers: fc.array(container, { maxLength: 2 }),
    });
    const wide: Quota = {
      'requests.cpu': '2',
      'requests.memory': '2Gi',
      'limits.cpu': '2',
      'limits.memory': '2Gi',
    };
    fc.assert(
      fc.property(fc.array(fc.tuple(workload, fc.integer({ min: 0, max: 3 })), { maxLength: 3 }), (pods) => {
        const objects = pods.map(([spec, replicas], i) => deployment(spec, replicas, `d${i}`));
        const result = fillResources(objects, [], wide).objects;

        for (const part of ['requests', 'limits'] as const) {
          for (const resource of ['cpu', 'memory'] as const) {
            const needs = result.map((object) => needOf(podTemplateOf(object)?.spec ?? {}, part, resource));
            const total = needs.reduce((sum, need, i) => sum + need * BigInt(pods[i]?.[1] ?? 0), 0n);
            expect(total <= (parseQuantity(wide[`${part}.${resource}`])?.nano ?? 0n)).toBe(true);
          }
        }
        for (const object of result) {
          for (const one of podTemplateOf(object)?.spec?.containers ?? []) {
            expect(nanoOf(one, 'requests', 'cpu') <= nanoOf(one, 'limits', 'cpu')).toBe(true);
            expect(nanoOf(one, 'limits', 'memory') > 0n).toBe(true);
          }
        }
      }),
    );
  });
});

function nanoOf(container: ContainerSpec, part: 'requests' | 'limits', resource: string): bigint {
  return parseQuantity(container.resources?.[part]?.[resource] ?? 'none')?.nano ?? -1n;
}

/** What the quota counts of a pod: all containers together, or the largest init container. */
function needOf(spec: PodSpec, part: 'requests' | 'limits', resource: string): bigint {
  const sum = (spec.containers ?? []).reduce((total, one) => total + nanoOf(one, part, resource), 0n);
  return (spec.initContainers ?? []).reduce((most, one) => {
    const need = nanoOf(one, part, resource);
    return need > most ? need : most;
  }, sum);
}

describe('netDefaults', () => {
  it('is an eighth of the quota, requests capped', () => {
    expect(netDefaults({ ...QUOTA, 'requests.cpu': '8' })).toEqual({
      requests: { cpu: '100m', memory: '50Mi' },
      limits: { cpu: '250m', memory: '128Mi' },
    });
  });

  it('is nothing for a quota that can’t be read', () => {
    expect(netDefaults({ ...QUOTA, 'limits.cpu': 'much' })).toBeUndefined();
  });
});
