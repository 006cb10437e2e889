import { fixedCredential } from '../../client/access.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/http-client.ts';
import type { Clock } from '../../lib/clock.ts';
import { trusted, type PlanePki } from '../../planes/plane-pki.ts';

/** A client of a plane by its Service, as its administrator; `timeoutMs` for each call. Close it. */
export function planeClient(
  { host, pki }: { readonly host: string; readonly pki: PlanePki },
  clock: Clock,
  timeoutMs: number,
): Client {
  return createClient(
    {
      server: `https://${host}`,
      ca: trusted(pki, 'ca'),
      credentials: fixedCredential({ certificate: pki.leaves.admin }),
      namespace: 'default',
    },
    { clock, timeoutMs, userAgent: 'tenantry-operator' },
  );
}
