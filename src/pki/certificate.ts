import 'reflect-metadata';
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Extension,
  type JsonGeneralName,
} from '@peculiar/x509';

/** A certificate and its private key, both as PEM: the form that files, Secrets and kubeconfigs carry. */
export interface KeyPair {
  readonly cert: string;
  /** PKCS #8, unencrypted. */
  readonly key: string;
}

/** How long a certificate is good for. */
export interface Validity {
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly days: number;
}

/** What a new authority is called and how long it lives. */
export interface AuthorityRequest extends Validity {
  readonly commonName: string;
}

/** What a certificate says about its holder. Names that are checked against a URL go into `dnsNames`/`ipAddresses`. */
export interface CertificateRequest extends Validity {
  /** For a Kubernetes client: the user's name. */
  readonly commonName: string;
  /** For a Kubernetes client: the user's groups. */
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly ('server' | 'client')[];
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const MS_PER_DAY = 86_400_000;
/** Clocks of two machines differ: a certificate is valid a little earlier than it was made. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** A new self-signed authority (ECDSA P-256) that may sign leaf certificates and nothing else. */
export async function createAuthority(request: AuthorityRequest): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: nameOf(request.commonName, []),
      ...validity(request),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(
          KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature,
          true,
        ),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    },
    webcrypto,
  );
  return { cert: pem(certificate), key: await exportKey(keys.privateKey) };
}

/** A new key and a certificate for it, signed by `authority`. Rejects when the authority is not readable PEM. */
export async function issue(authority: KeyPair, request: CertificateRequest): Promise<KeyPair> {
  const [keys, signingKey] = await Promise.all([newKeys(), importKey(authority.key)]);
  const issuer = new X509Certificate(authority.cert);
  const certificate = await X509CertificateGenerator.create(
    {
      subject: nameOf(request.commonName, request.organizations ?? []),
      issuer: issuer.subjectName,
      ...validity(request),
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension(
          request.usages.map((usage) =>
            usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth,
          ),
        ),
        await AuthorityKeyIdentifierExtension.create(
          await issuer.publicKey.export(webcrypto),
          false,
          webcrypto,
        ),
        ...alternativeNames(request),
      ],
    },
    webcrypto,
  );
  return { cert: pem(certificate), key: await exportKey(keys.privateKey) };
}

/** A key pair without a certificate (ECDSA P-256), PEM: for signing tokens. */
export function newSigningKey(): { readonly key: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** When the (first) certificate of a PEM text ends, in milliseconds since the epoch. Throws when it is not a certificate. */
export function expiresAt(certPem: string): number {
  return new X509Certificate(certPem).notAfter.getTime();
}

function nameOf(commonName: string, organizations: readonly string[]): Name {
  // The JSON form needs no escaping: a comma or equals sign in a user's name stays part of the name.
  return new Name([...organizations.map((organization) => ({ O: [organization] })), { CN: [commonName] }]);
}

function validity(request: Validity): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(request.notBefore - CLOCK_SKEW_MS),
    notAfter: new Date(request.notBefore + request.days * MS_PER_DAY),
  };
}

function alternativeNames(request: CertificateRequest): Extension[] {
  const names: JsonGeneralName[] = [
    ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)];
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function importKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', PemConverter.decodeFirst(keyPem), ALGORITHM, true, ['sign']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag)}\n`;
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
