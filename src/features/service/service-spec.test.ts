import { describe, expect, it } from 'vitest';
import type { CompositionSpec } from '../../api/resource-composition.ts';
import { policiesOf } from './service-spec.ts';

const spec = (more: Partial<CompositionSpec>): CompositionSpec => ({
  newResource: {
    resource: { group: 'g', version: 'v1', kind: 'Hello', plural: 'hellos' },
    chartURL: 'file:///a.tgz',
  },
  ...more,
});

describe('policiesOf', () => {
  it('leaves no trace of the isolation that is the default', () => {
    expect(policiesOf(spec({ policies: { isolation: 'default' } }))).toEqual(policiesOf(spec({})));
    expect(policiesOf(spec({}))).not.toHaveProperty('isolation');
  });

  it('lets the operator in only where metrics of the application are asked for', () => {
    const monitored = (endpoint: string) =>
      policiesOf(spec({ resmonitor: { spec: { appEndpoints: { endpoint, metrics: ['m'] } } } })).monitored;

    expect([monitored(':8080/metrics'), monitored('nonsense?'), policiesOf(spec({})).monitored]).toEqual([
      true,
      undefined,
      undefined,
    ]);
  });

  it('asks for restricted pods and a quota under strict isolation, whatever else is said', () => {
    const strict = policiesOf(spec({ policies: { isolation: 'strict', podSecurity: 'privileged' } }));

    expect(strict).toMatchObject({
      isolation: 'strict',
      podSecurity: 'restricted',
      quota: { 'requests.cpu': '2', 'limits.memory': '8Gi' },
    });
  });

  it('takes the quota that is given, also under strict isolation', () => {
    const quota = {
      'requests.cpu': '1',
      'requests.memory': '1Gi',
      'limits.cpu': '1',
      'limits.memory': '1Gi',
    };
    const given = spec({ policies: { isolation: 'strict' }, respolicy: { spec: { policy: { quota } } } });

    expect(policiesOf(given).quota).toEqual(quota);
  });

  it('carries what is counted besides, and where and how pods run', () => {
    const given = spec({
      respolicy: { spec: { policy: { quota: { pods: '5', secrets: '' } } } },
      policies: { nodes: 'exclusive', runtimeClass: 'kata', nodePool: { nodeSelector: { pool: 'gold' } } },
    });

    expect(policiesOf(given)).toMatchObject({
      counts: { pods: '5' },
      nodes: 'exclusive',
      runtimeClass: 'kata',
      nodePool: { nodeSelector: { pool: 'gold' } },
    });
    expect(policiesOf(given)).not.toHaveProperty('quota');
    expect(policiesOf(spec({ policies: { nodes: 'shared' } }))).toEqual(policiesOf(spec({})));
  });
});
