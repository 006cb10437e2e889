import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { messageOf } from '../lib/error-text.ts';
import { ChartSourceError } from './chart-source-error.ts';

/** Bytes of a signature in base64: 4096 bits of RSA are 684. */
export const MAX_SIGNATURE_BYTES = 16 * 1024;

/** Kinds of keys that cosign makes and takes. */
const KEY_TYPES: ReadonlySet<string> = new Set(['ec', 'ed25519', 'rsa']);

/** The public key in a PEM text, or what is wrong with it. */
export function readPublicKey(pem: string): KeyObject | string {
  if (/PRIVATE KEY/.test(pem)) return 'holds a private key; give the public one (cosign public-key)';
  try {
    const key = createPublicKey(pem);
    return KEY_TYPES.has(key.asymmetricKeyType ?? '') ? key : `holds a key of type ${key.asymmetricKeyType}`;
  } catch (error) {
    return `holds no public key (-----BEGIN PUBLIC KEY-----): ${messageOf(error)}`;
  }
}

/** Throws BadSignature unless the key's owner signed these bytes, over SHA-256 as cosign does. */
export function checkSignature(bytes: Uint8Array, signature: string, pem: string): void {
  const key = readPublicKey(pem);
  if (typeof key === 'string') throw badSignature(`chart.cosignKey ${key}`);
  const raw = Buffer.from(signature.trim(), 'base64');
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  if (!verify(algorithm, bytes, key, raw)) throw badSignature('the signature is not one of chart.cosignKey');
}

/** What every signature that does not hold comes to. */
export function badSignature(why: string): ChartSourceError {
  return new ChartSourceError(
    'BadSignature',
    `${why}; the chart may have been changed by somebody else: nothing of it is used`,
  );
}

/** A key is given and no signature is there. */
export function notSigned(where: URL): ChartSourceError {
  return new ChartSourceError(
    'NotSigned',
    `chart.cosignKey is set and there is no signature at ${where.host}${where.pathname}; sign the chart (cosign sign, cosign sign-blob) or take chart.cosignKey away`,
  );
}
