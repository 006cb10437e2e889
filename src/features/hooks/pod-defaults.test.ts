import { describe, expect, it } from 'vitest';
import type { AnyObject } from '../../kube/object.ts';
import { withPodDefaults } from './pod-defaults.ts';

const job = (pod: unknown): AnyObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'a' },
  spec: { backoffLimit: 1, template: { spec: pod } },
});

describe('withPodDefaults', () => {
  it('has a pod that says nothing of it run without rights on its node', () => {
    const object = withPodDefaults(job({ containers: [{ name: 'a', image: 'busybox' }] }));

    expect(object['spec']).toMatchObject({
      backoffLimit: 1,
      template: {
        spec: {
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'a',
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    });
  });

  it('leaves what a hook says', () => {
    const said = {
      securityContext: { runAsUser: 0, runAsNonRoot: false },
      initContainers: [{ name: 'i', securityContext: { privileged: true } }],
    };

    expect(withPodDefaults(job(said))['spec']).toMatchObject({ template: { spec: said } });
  });

  it.each([
    [
      'a custom resource',
      { apiVersion: 'example.dev/v1', kind: 'Job', metadata: { name: 'a' }, spec: { template: {} } },
    ],
    ['a Job without a template', { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'a' }, spec: {} }],
  ])('leaves %s alone', (_what, object) => {
    expect(withPodDefaults(object)).toEqual(object);
  });
});
