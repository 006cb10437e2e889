import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createAuthority, expiresAt, issue } from '../pki/certificate.ts';
import { postgresHost, type PostgresKeys } from './postgres.ts';

/** Days the authority lives: trusted for this one server. */
const AUTHORITY_DAYS = 3650;
/** Days the server's certificate lives; the server is started anew with each. */
const SERVER_DAYS = 365;
const DAY_MS = 86_400_000;
/** Renewed when this share of the life is left. */
const RENEW_SHARE = 1 / 3;
const BACKDATE_MS = 60 * 60 * 1000;

/** The keys with what is missing or due made anew; the same object where nothing is. */
export async function ensurePostgresKeys(
  present: PostgresKeys | undefined,
  { namespace, now, newPassword }: { namespace: string; now: number; newPassword: () => string },
): Promise<PostgresKeys> {
  if (present !== undefined && isGood(present, now)) return present;
  const notBefore = now - BACKDATE_MS;
  const authority =
    present?.authority ??
    (await createAuthority({ commonName: 'tenantry-postgres', notBefore, days: AUTHORITY_DAYS }));
  const host = postgresHost(namespace);
  const server = await issue(authority, {
    commonName: host,
    dnsNames: [host],
    usages: ['server'],
    notBefore,
    days: SERVER_DAYS,
  });
  return { authority, server, password: present?.password ?? newPassword() };
}

function isGood({ authority, server }: PostgresKeys, now: number): boolean {
  try {
    const cert = new X509Certificate(server.cert);
    const isSigned = cert.verify(new X509Certificate(authority.cert).publicKey);
    const dueAt = expiresAt(server.cert) - SERVER_DAYS * DAY_MS * RENEW_SHARE;
    return isSigned && cert.checkPrivateKey(createPrivateKey(server.key)) && now < dueAt;
  } catch {
    return false;
  }
}
