import { describe, expect, it } from 'vitest';
import { getJson, run } from './programs.ts';

const NS = 'tenantry-system';
/** Made by the quickstart: an instance's namespace. */
const INSTANCE = 'wp-for-tenant1';
const OPERATORS = `${NS} -l app.kubernetes.io/component=operator`;
const UPGRADE = `helm upgrade tenantry deploy/chart -n ${NS} --reuse-values --wait --timeout 3m`;

interface Pods {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly uid: string };
    readonly status: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
  }[];
}

/** What tells whether a pod is the one that it was. */
async function podsOf(namespace: string): Promise<readonly unknown[]> {
  const { items } = await getJson<Pods>(`pods -n ${namespace}`);
  return items.map(({ metadata, status }) => [
    metadata.uid,
    status.containerStatuses?.map(({ restartCount }) => restartCount),
  ]);
}

describe('an upgrade of the operator', () => {
  it('replaces its own pods and restarts none of a tenant', async () => {
    const before = await podsOf(INSTANCE);
    const operators = await podsOf(OPERATORS);

    // Another value each time, or nothing would be rolled.
    await run(`${UPGRADE} --set-string podAnnotations.upgraded=${Date.now()}`);
    // Those that end are still listed for a while.
    await expect
      .poll(
        async () => {
          const now = new Set((await podsOf(OPERATORS)).map(String));
          return operators.filter((pod) => now.has(String(pod)));
        },
        { timeout: 90_000, interval: 1000 },
      )
      .toEqual([]);
    // Put back by the new leader: it has looked at the instance.
    await run(`kubectl delete networkpolicy allow-external-traffic -n ${INSTANCE}`);
    await expect
      .poll(() => run(`kubectl get networkpolicy -n ${INSTANCE} -o name`), { timeout: 90_000, interval: 500 })
      .toContain('/allow-external-traffic');
    expect([before.length, operators.length].every((count) => count > 0)).toBe(true);
    expect(await podsOf(INSTANCE)).toEqual(before);
  });
});
