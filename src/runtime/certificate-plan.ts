import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createAuthority, expiresAt, issue, type KeyPair } from '../pki/certificate.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Days an authority lives. Long, for it is only trusted for our webhooks, and its key lives where the leaf's does. */
export const AUTHORITY_DAYS = 730;
/** Days a serving certificate lives. */
export const LEAF_DAYS = 90;
/** Renewed when this share of the life is left: time enough to notice that renewing fails. */
const RENEW_SHARE = 1 / 3;
/** Certificates are valid from a bit earlier, for API servers whose clock is behind ours. */
const BACKDATE_MS = 60 * 60 * 1000;

/** All there is about our certificates; what the Secret holds. PEM. */
export interface Certificates {
  readonly authority: KeyPair;
  /** The authority and those before it that are still valid: what API servers trust, so that a rotation has no gap. */
  readonly bundle: string;
  readonly leaf: KeyPair;
}

/** What has to be made anew; of `authority` everything follows. */
export type CertificateAction = 'keep' | 'leaf' | 'authority';

/** Decides what must be renewed. Unreadable or mismatched certificates count as absent. */
export function planCertificates(
  present: Certificates | undefined,
  dnsNames: readonly string[],
  now: number,
): CertificateAction {
  if (present === undefined || !belongTogether(present.authority)) return 'authority';
  if (isDue(present.authority.cert, AUTHORITY_DAYS, now)) return 'authority';
  if (!belongTogether(present.leaf) || isDue(present.leaf.cert, LEAF_DAYS, now)) return 'leaf';
  const leaf = new X509Certificate(present.leaf.cert);
  const signed = leaf.verify(new X509Certificate(present.authority.cert).publicKey);
  return signed && dnsNames.every((name) => leaf.checkHost(name) !== undefined) ? 'keep' : 'leaf';
}

/** Milliseconds until something is due. Never negative. */
export function dueInMs(present: Certificates, now: number): number {
  return Math.max(
    0,
    Math.min(dueAt(present.authority.cert, AUTHORITY_DAYS), dueAt(present.leaf.cert, LEAF_DAYS)) - now,
  );
}

/** Makes what the action says; the rest is kept. */
export async function makeCertificates(
  action: Exclude<CertificateAction, 'keep'>,
  present: Certificates | undefined,
  dnsNames: readonly string[],
  now: number,
): Promise<Certificates> {
  const notBefore = now - BACKDATE_MS;
  const kept = action === 'leaf' ? present : undefined;
  const authority =
    kept?.authority ??
    (await createAuthority({ commonName: 'tenantry-webhooks', notBefore, days: AUTHORITY_DAYS }));
  const [commonName = 'tenantry-webhooks'] = dnsNames;
  const leaf = await issue(authority, {
    commonName,
    dnsNames,
    usages: ['server'],
    notBefore,
    days: LEAF_DAYS,
  });
  const older = certificatesIn(present?.bundle ?? '').filter(
    (cert) => cert.trim() !== authority.cert.trim() && isValid(cert, now),
  );
  return { authority, leaf, bundle: [authority.cert, ...older].map((cert) => `${cert.trim()}\n`).join('') };
}

/** The certificates of a PEM text. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}

function dueAt(cert: string, days: number): number {
  return expiresAt(cert) - days * DAY_MS * RENEW_SHARE;
}

function isDue(cert: string, days: number, now: number): boolean {
  return now >= dueAt(cert, days);
}

function isValid(cert: string, now: number): boolean {
  try {
    return expiresAt(cert) > now;
  } catch {
    return false;
  }
}

function belongTogether(pair: KeyPair): boolean {
  try {
    return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
  } catch {
    return false;
  }
}
