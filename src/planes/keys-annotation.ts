import { createHash } from 'node:crypto';
import { AUTHORITIES, trusted, type PlanePki } from './plane-pki.ts';

/** On pods: what they read once. Leaves are read again when they were renewed; authorities and the key of tokens are not. */
export const KEYS_ANNOTATION = 'tenantry.dev/keys';

/** Has pods replaced when authorities change. */
export function keysAnnotation(pki: PlanePki): Readonly<Record<string, string>> {
  const certs = AUTHORITIES.map((name) => trusted(pki, name));
  const digest = createHash('sha256').update([...certs, pki.serviceAccounts.publicKey].join('\n'));
  return { [KEYS_ANNOTATION]: digest.digest('hex').slice(0, 16) };
}
