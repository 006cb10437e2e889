import { describe, expect, it } from 'vitest';
import { listenPatch, silencePatch, type WithConditions } from './silence-webhooks.ts';

const configuration = (...conditions: readonly (readonly string[] | undefined)[]): WithConditions => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'tenantry' },
  webhooks: conditions.map((names) =>
    names === undefined ? {} : { matchConditions: names.map((name) => ({ name, expression: 'true' })) },
  ),
});
const SILENT = { name: 'operator-removed', expression: 'false' };

describe('webhooks without an operator', () => {
  it('are kept and asked nothing', () => {
    expect(silencePatch(configuration(['a', 'b'], undefined))).toEqual([
      { op: 'add', path: '/webhooks/0/matchConditions/0', value: SILENT },
      { op: 'add', path: '/webhooks/1/matchConditions', value: [SILENT] },
    ]);
  });

  it('are not silenced twice', () => {
    expect(silencePatch(configuration(['operator-removed', 'a']))).toEqual([]);
  });

  it('are asked again by the next operator, wherever the mark stands', () => {
    expect(listenPatch(configuration(['a', 'operator-removed'], ['b']))).toEqual([
      { op: 'remove', path: '/webhooks/0/matchConditions/1' },
    ]);
    expect(listenPatch(configuration(['a'], undefined))).toEqual([]);
  });
});
