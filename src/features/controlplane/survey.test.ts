import { describe, expect, it } from 'vitest';
import type { Client } from '../../client/client.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { systemClock } from '../../lib/clock.ts';
import type { Read } from '../../runtime/controller.ts';
import { PlaneMemories } from './memory.ts';
import type { ControlPlaneSettings } from './settings.ts';
import { survey } from './survey.ts';

const UID = 'uid-of-plane';

/** A client that RBAC lets read nothing. */
const REFUSED: Pick<Client, 'find' | 'as'> = {
  find: () => Promise.reject(new KubeError('Forbidden', 'secrets "k8s-certs" is forbidden')),
  // True: of a client only these two are used.
  as: () => REFUSED as Client,
};

describe('a look into the namespace of a plane', () => {
  it('finds it without the binding, as one left it that ended between the two writes', async () => {
    const namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'a-system', labels: { 'tenantry.dev/instance-uid': UID } },
    };
    const stores = {
      get: (kind: unknown) => (kind === NAMESPACE ? namespace : undefined),
      list: () => [],
      byIndex: () => [],
    };
    const found = await survey(
      { name: 'a-system', uid: UID, secrets: ['k8s-certs'] },
      // True: of what a look may use this one uses these.
      { stores, signal: new AbortController().signal } as unknown as Read,
      {
        client: REFUSED as Client, // true: see above
        clock: systemClock,
        settings: { accountsNamespace: 'accounts' } as ControlPlaneSettings, // true: nothing else is asked for
        newPassword: () => '',
        memories: new PlaneMemories(),
      },
    );

    expect(found.namespace).toBe(namespace);
    expect(found.secrets.size).toBe(0);
  });
});
