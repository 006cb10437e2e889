import { createHash } from 'node:crypto';
import type { PlanePki } from './plane-pki.ts';

/** On pods: what they read once. Leaves are read again when they were renewed; authorities and the key of tokens are not. */
const KEYS_ANNOTATION = 'tenantry.dev/keys';

/** Has pods replaced when authorities change. */
export function keysAnnotation({ authorities, serviceAccounts }: PlanePki): Readonly<Record<string, string>> {
  const certs = Object.values(authorities).map(({ cert }) => cert);
  const digest = createHash('sha256').update([...certs, serviceAccounts.publicKey].join('\n'));
  return { [KEYS_ANNOTATION]: digest.digest('hex').slice(0, 16) };
}
