import { describe, expect, it } from 'vitest';
import { RenderError } from '../../helm/rendering.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { callFailure, renderFailure } from './failures.ts';

describe('renderFailure', () => {
  it('says where values that the schema refuses are to be corrected', () => {
    expect(renderFailure(new RenderError('ValuesInvalid', 'word: got number, want string'))).toEqual({
      reason: 'ValuesInvalid',
      message:
        'The chart’s schema refuses the values: word: got number, want string; correct them in spec or in the Secrets of tenantry.valuesFrom',
      stalled: true,
    });
  });

  it('repeats what a template says', () => {
    expect(renderFailure(new RenderError('TemplateFailed', 'give a domain'))).toMatchObject({
      reason: 'TemplateFailed',
      message: 'give a domain',
    });
  });

  it('is silent about what was only ended', () => {
    expect(renderFailure(new RenderError('Cancelled', 'stopped'))).toBeUndefined();
  });
});

describe('callFailure', () => {
  it.each([
    ['pods "a" is forbidden: exceeded quota: q', 'QuotaExceeded'],
    ['pods "a" is forbidden: violates PodSecurity "baseline"', 'PodSecurity'],
    ['admission webhook "a" denied the request: no', 'Denied'],
    ['roles is forbidden: User "a" cannot create resource "roles"', 'MissingPermissions'],
  ])('tells %s apart', (message, reason) => {
    expect(callFailure(new KubeError('Forbidden', message)).reason).toBe(reason);
  });
});
