import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  createAuthority,
  issue,
  newSigningKey,
  type CertificateRequest,
  type KeyPair,
} from '../pki/certificate.ts';
import { apiServerNames, ETCD, etcdMemberHosts } from './plane-names.ts';
import type { PlaneSpec } from './plane-spec.ts';

/**
 * Authorities of a plane, each for one thing: `ca` signs what servers show, `client-ca` users, `front-proxy-ca` only who speaks for
 * others, `etcd-ca` only who may read and write the store. No certificate of one kind passes as another.
 */
export const AUTHORITIES = ['ca', 'client-ca', 'front-proxy-ca', 'etcd-ca'] as const;
const LEAVES = [
  'apiserver',
  'apiserver-kubelet-client',
  'apiserver-etcd-client',
  'front-proxy-client',
  'etcd',
  'controller-manager',
  'admin',
] as const;

export type AuthorityName = (typeof AUTHORITIES)[number];
/** Those that controllers sign with. */
const SIGNERS = ['ca', 'client-ca'] as const;
type LeafName = (typeof LEAVES)[number];

/** All keys and certificates of one plane, PEM; what its Secret holds. */
export interface PlanePki {
  readonly authorities: Readonly<Record<AuthorityName, KeyPair>>;
  /** Those that are to follow: trusted already, nothing is signed by them. */
  readonly next?: Readonly<Record<AuthorityName, KeyPair>>;
  /** Certificates of those that were before: still trusted, and without their keys. */
  readonly previous?: Readonly<Record<AuthorityName, string>>;
  readonly leaves: Readonly<Record<LeafName, KeyPair>>;
  /** Signs tokens of ServiceAccounts. */
  readonly serviceAccounts: { readonly key: string; readonly publicKey: string };
}

/** Texts of a Secret by key, `ca.crt`, `ca.key` and so on. */
export type PemFiles = Readonly<Record<string, string>>;

/** Days an authority lives: longer than planes do; its rotation is asked for (`plane-rotation.ts`). */
export const AUTHORITY_DAYS = 3650;
/** Days a component's certificate lives. */
const LEAF_DAYS = 90;
/** Renewed when this share of the life is left: time enough to notice that renewing fails. */
const RENEW_SHARE = 1 / 3;
/** Certificates are valid from a bit earlier, for clocks that are behind ours. */
export const BACKDATE_MS = 60 * 60 * 1000;
const SECONDS_PER_DAY = 86_400;
const DAY_MS = SECONDS_PER_DAY * 1000;
/** In KubeFlex's kubeconfigs. */
const ADMIN_USER = 'kubernetes-admin';
/** The group that Kubernetes' own rules put above all rules. */
const ADMINISTRATORS = 'system:masters';

/** Whom a leaf names and who signs it. */
interface LeafForm {
  readonly by: AuthorityName;
  readonly days: number;
  readonly request: Omit<CertificateRequest, 'notBefore' | 'days'>;
}

function leafForms(spec: PlaneSpec): Readonly<Record<LeafName, LeafForm>> {
  const client = (
    by: AuthorityName,
    commonName: string,
    organizations: readonly string[] = [],
  ): LeafForm => ({
    by,
    days: LEAF_DAYS,
    request: { commonName, organizations, usages: ['client'] },
  });
  return {
    apiserver: {
      by: 'ca',
      days: LEAF_DAYS,
      request: {
        commonName: 'kube-apiserver',
        dnsNames: apiServerNames(spec),
        ipAddresses: ['127.0.0.1', ...(spec.ipAddresses ?? [])],
        usages: ['server'],
      },
    },
    'apiserver-kubelet-client': client('client-ca', 'kube-apiserver-kubelet-client'),
    'apiserver-etcd-client': client('etcd-ca', 'kube-apiserver'),
    'front-proxy-client': client('front-proxy-ca', 'front-proxy-client'),
    etcd: {
      by: 'etcd-ca',
      days: LEAF_DAYS,
      request: {
        commonName: ETCD,
        dnsNames: [
          ETCD,
          `${ETCD}.${spec.namespace}`,
          `${ETCD}.${spec.namespace}.svc`,
          'localhost',
          ...etcdMemberHosts(spec),
        ],
        ipAddresses: ['127.0.0.1'],
        // Also what a member shows another one.
        usages: ['server', 'client'],
      },
    },
    'controller-manager': client('client-ca', 'system:kube-controller-manager'),
    admin: {
      ...client('client-ca', ADMIN_USER, [ADMINISTRATORS]),
      days: spec.adminSeconds / SECONDS_PER_DAY,
    },
  };
}

/** What is found in a Secret; parts that are missing are empty and count as due. */
export function readPki(files: PemFiles): PlanePki {
  const pair = (name: string): KeyPair => ({
    cert: firstIn(files[`${name}.crt`] ?? ''),
    key: files[`${name}.key`] ?? '',
  });
  const hasNext = files[`${AUTHORITIES[0]}-next.crt`] !== undefined;
  const hasPrevious = files[`${AUTHORITIES[0]}-previous.crt`] !== undefined;
  return {
    authorities: byName(AUTHORITIES, pair),
    ...(hasNext ? { next: byName(AUTHORITIES, (name) => pair(`${name}-next`)) } : {}),
    ...(hasPrevious ? { previous: byName(AUTHORITIES, (name) => files[`${name}-previous.crt`] ?? '') } : {}),
    leaves: byName(LEAVES, pair),
    serviceAccounts: { key: files['sa.key'] ?? '', publicKey: files['sa.pub'] ?? '' },
  };
}

/**
 * The same as files, in KubeFlex's names as far as it has them. `<authority>.crt` holds all that are trusted, the one that signs first;
 * controllers, which sign, read that one alone from `<authority>-signer.crt`.
 */
export function pkiFiles(pki: PlanePki): PemFiles {
  const { authorities, leaves, serviceAccounts, next, previous } = pki;
  const pairs = Object.entries<KeyPair>({ ...authorities, ...leaves, ...named('next', next) });
  return {
    ...Object.fromEntries(
      pairs.flatMap(([name, { cert, key }]) => [
        [`${name}.crt`, cert],
        [`${name}.key`, key],
      ]),
    ),
    ...Object.fromEntries(AUTHORITIES.map((name) => [`${name}.crt`, trusted(pki, name)])),
    ...Object.fromEntries(SIGNERS.map((name) => [`${name}-signer.crt`, authorities[name].cert])),
    ...Object.fromEntries(
      Object.entries(previous ?? {}).map(([name, cert]) => [`${name}-previous.crt`, cert]),
    ),
    'sa.key': serviceAccounts.key,
    'sa.pub': serviceAccounts.publicKey,
  };
}

/** Certificates of all authorities that are trusted for a purpose, PEM: the one that signs first. */
export function trusted({ authorities, next, previous }: PlanePki, name: AuthorityName): string {
  return [authorities[name].cert, next?.[name].cert ?? '', previous?.[name] ?? ''].join('');
}

function named(
  suffix: string,
  pairs: Readonly<Record<string, KeyPair>> | undefined,
): Readonly<Record<string, KeyPair>> {
  return Object.fromEntries(Object.entries(pairs ?? {}).map(([name, pair]) => [`${name}-${suffix}`, pair]));
}

/** The first certificate of a file; a text that is none stays what it is. */
function firstIn(pem: string): string {
  return /^[\s\S]*?-----END CERTIFICATE-----\n?/.exec(pem)?.[0] ?? pem;
}

/** Names of what has to be made (anew); what an authority signed follows it. Pure. */
export function duePki(pki: PlanePki, spec: PlaneSpec, now: number): readonly string[] {
  const authorities = AUTHORITIES.filter((name) => !isGood(pki.authorities[name], now, 0));
  const forms = leafForms(spec);
  const leaves = LEAVES.filter((name) => {
    const { by, days, request } = forms[name];
    const leaf = pki.leaves[name];
    if (authorities.includes(by) || !isGood(leaf, now, days * DAY_MS * RENEW_SHARE)) return true;
    const cert = new X509Certificate(leaf.cert);
    const isSigned = cert.verify(new X509Certificate(pki.authorities[by].cert).publicKey);
    // A life that was made shorter counts at once.
    const isShortEnough = endOf(cert) <= now + days * DAY_MS;
    return !isSigned || !isShortEnough || !namesAll(cert, request);
  });
  const accounts = isKey(pki.serviceAccounts.key) ? [] : ['sa'];
  return [...authorities, ...leaves, ...accounts];
}

/** When something becomes due, in milliseconds since the epoch. */
export function pkiDueAt(pki: PlanePki, spec: PlaneSpec): number {
  const forms = leafForms(spec);
  const leaves = LEAVES.map(
    (name) => endOf(new X509Certificate(pki.leaves[name].cert)) - forms[name].days * DAY_MS * RENEW_SHARE,
  );
  return Math.min(...leaves);
}

/** The same with everything that is due made; random, so what comes out must be kept before it is used. */
export async function renewPki(
  pki: PlanePki,
  due: readonly string[],
  spec: PlaneSpec,
  now: number,
): Promise<PlanePki> {
  const notBefore = now - BACKDATE_MS;
  const authorities = await eachOf(AUTHORITIES, async (name) =>
    due.includes(name)
      ? createAuthority({ commonName: `${spec.name}-${name}`, notBefore, days: AUTHORITY_DAYS })
      : pki.authorities[name],
  );
  const forms = leafForms(spec);
  const leaves = await eachOf(LEAVES, async (name) => {
    const { by, days, request } = forms[name];
    // The backdating is not to shorten the life of what lives for minutes.
    const life = days + BACKDATE_MS / DAY_MS;
    return due.includes(name)
      ? issue(authorities[by], { ...request, notBefore, days: life })
      : pki.leaves[name];
  });
  return {
    ...pki,
    authorities,
    leaves,
    serviceAccounts: due.includes('sa') ? newSigningKey() : pki.serviceAccounts,
  };
}

function isGood(pair: KeyPair, now: number, spareMs: number): boolean {
  try {
    const cert = new X509Certificate(pair.cert);
    return cert.checkPrivateKey(createPrivateKey(pair.key)) && endOf(cert) - spareMs > now;
  } catch {
    return false;
  }
}

function isKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ec';
  } catch {
    return false;
  }
}

function namesAll(cert: X509Certificate, { dnsNames = [], ipAddresses = [] }: LeafForm['request']): boolean {
  return (
    dnsNames.every((name) => cert.checkHost(name) !== undefined) &&
    ipAddresses.every((address) => cert.checkIP(address) !== undefined)
  );
}

function endOf(cert: X509Certificate): number {
  return Date.parse(cert.validTo);
}

function byName<Name extends string, T>(names: readonly Name[], of: (name: Name) => T): Record<Name, T> {
  // True: the entries are those of exactly these names.
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>;
}

async function eachOf<Name extends string, T>(
  names: readonly Name[],
  of: (name: Name) => Promise<T>,
): Promise<Record<Name, T>> {
  const made = new Map(await Promise.all(names.map(async (name) => [name, await of(name)] as const)));
  // True: each name was made just now.
  return byName(names, (name) => made.get(name) as T);
}
