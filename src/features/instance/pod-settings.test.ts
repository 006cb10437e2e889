import { describe, expect, it } from 'vitest';
import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { AnyObject } from '../../kube/object.ts';
import { exclusiveTerm, withPodSettings } from './pod-settings.ts';
import { podTemplateOf } from './pod-templates.ts';

const POD = {
  metadata: { labels: { app: 'a' } },
  spec: {
    containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '1', 'nvidia.com/gpu': 1 } } }],
    initContainers: [{ name: 'i' }],
  },
};

function workload(apiVersion: string, kind: string, spec: object): AnyObject {
  return { apiVersion, kind, metadata: { name: 'w' }, spec };
}

describe('withPodSettings', () => {
  it.each([
    ['Deployment', workload('apps/v1', 'Deployment', { template: POD })],
    ['StatefulSet', workload('apps/v1', 'StatefulSet', { template: POD })],
    ['Job', workload('batch/v1', 'Job', { template: POD })],
    ['CronJob', workload('batch/v1', 'CronJob', { jobTemplate: { spec: { template: POD } } })],
    ['Pod', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'w', labels: { app: 'a' } }, spec: POD.spec }],
  ])('labels the pods of a %s with the instance', (_name, object) => {
    const template = podTemplateOf(withPodSettings(object, { instanceUid: 'u-1' }));

    expect(template?.metadata?.labels).toEqual({ app: 'a', [INSTANCE_UID_LABEL]: 'u-1' });
  });

  it('sets the service’s requests and limits on every container, init containers too, over the chart’s', () => {
    const podResources = { requests: { cpu: '50m' }, limits: { memory: '64Mi' } };

    const object = withPodSettings(workload('apps/v1', 'Deployment', { template: POD }), {
      instanceUid: 'u',
      podResources,
    });

    expect(podTemplateOf(object)?.spec).toMatchObject({
      containers: [
        { resources: { requests: { cpu: '50m', 'nvidia.com/gpu': 1 }, limits: { memory: '64Mi' } } },
      ],
      initContainers: [{ resources: { requests: { cpu: '50m' }, limits: { memory: '64Mi' } } }],
    });
  });

  it('has every image pulled under strict isolation, those of init containers too, and leaves them alone otherwise', () => {
    const object = workload('apps/v1', 'Deployment', { template: POD });
    const policies = (isolation?: 'strict'): unknown => {
      const spec = podTemplateOf(withPodSettings(object, { instanceUid: 'u', isolation }))?.spec;
      return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map((one) => one.imagePullPolicy);
    };

    expect(policies('strict')).toEqual(['Always', 'Always']);
    expect(policies()).toEqual([undefined, undefined]);
  });

  it('pins pods to the node of the instance through the scheduler', () => {
    const object = withPodSettings(workload('apps/v1', 'Deployment', { template: POD }), {
      instanceUid: 'u',
      nodeName: 'node-1',
    });

    expect(podTemplateOf(object)?.spec?.nodeSelector).toEqual({ 'kubernetes.io/hostname': 'node-1' });
  });

  it('keeps the nodes of an exclusive instance for it, beside the rules of the chart, and through the scheduler', () => {
    const own = { topologyKey: 'zone', labelSelector: {} };
    const affinity = {
      podAffinity: { x: 1 },
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [own] },
    };
    const object = workload('apps/v1', 'Deployment', {
      template: { ...POD, spec: { ...POD.spec, affinity } },
    });

    const spec = podTemplateOf(withPodSettings(object, { instanceUid: 'u', nodes: 'exclusive' }))?.spec;

    expect(spec?.affinity).toEqual({
      podAffinity: { x: 1 },
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [own, exclusiveTerm('u')] },
    });
    expect(podTemplateOf(withPodSettings(object, { instanceUid: 'u' }))?.spec?.affinity).toEqual(affinity);
  });

  it('asks the scheduler for a node that the chart names, in each of the terms of which one must hold', () => {
    const named = { key: 'metadata.name', operator: 'In', values: ['n1'] };
    const affinityOf = (affinity?: object): unknown => {
      const template = { ...POD, spec: { ...POD.spec, nodeName: 'n1', affinity } };
      const object = workload('apps/v1', 'Deployment', { template });
      const spec = podTemplateOf(withPodSettings(object, { instanceUid: 'u' }))?.spec;
      expect(spec).not.toHaveProperty('nodeName');
      return spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    };
    const either = [{ matchExpressions: [1] }, { matchExpressions: [2] }];

    expect(affinityOf()).toEqual({ nodeSelectorTerms: [{ matchFields: [named] }] });
    expect(
      affinityOf({
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: either } },
      }),
    ).toEqual({ nodeSelectorTerms: either.map((term) => ({ ...term, matchFields: [named] })) });
  });

  it('runs pods in the runtime class of the service, over the chart’s', () => {
    const template = { ...POD, spec: { ...POD.spec, runtimeClassName: 'runc' } };
    const object = workload('apps/v1', 'Deployment', { template });
    const classOf = (runtimeClass?: string): unknown =>
      podTemplateOf(withPodSettings(object, { instanceUid: 'u', runtimeClass }))?.spec?.runtimeClassName;

    expect([classOf('kata'), classOf()]).toEqual(['kata', 'runc']);
  });

  it('leaves objects without pods alone', () => {
    const object = workload('v1', 'Service', {});

    expect(withPodSettings(object, { instanceUid: 'u' })).toBe(object);
  });
});
