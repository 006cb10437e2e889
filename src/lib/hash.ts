import { createHash } from 'node:crypto';

/** SHA-256 of text or bytes as 64 hex digits. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The first `length` hex digits (4 bits each) of the SHA-256: for names, never for integrity. */
export function shortHash(text: string, length = 8): string {
  return sha256(text).slice(0, length);
}
