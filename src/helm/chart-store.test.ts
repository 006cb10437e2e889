import { describe, expect, it } from 'vitest';
import { sha256 } from '../lib/hash.ts';
import { chartChunks, digestLabel } from './chart-store.ts';

describe('chartChunks', () => {
  const bytes = Uint8Array.from({ length: 1_500_000 }, (_item, index) => index % 251);
  const { stored, secrets } = chartChunks('ns', bytes);

  it('cuts into Secrets that the API server takes, in order', () => {
    expect(secrets.map(({ metadata }) => metadata.name)).toEqual(stored.chunks);
    expect(stored.chunks).toEqual([0, 1, 2].map((n) => `chart-${sha256(bytes).slice(0, 16)}-${n}`));
    expect(Math.max(...secrets.map((secret) => JSON.stringify(secret).length))).toBeLessThan(1024 * 1024);
    expect(secrets.every((secret) => secret.immutable === true)).toBe(true);
  });

  it('loses nothing', () => {
    const parts = secrets.map((secret) => Buffer.from(secret.data?.['chunk'] ?? '', 'base64'));

    expect(Buffer.concat(parts).equals(Buffer.from(bytes))).toBe(true);
    expect(stored).toMatchObject({ digest: sha256(bytes), size: bytes.byteLength });
  });

  it('labels within the limit of labels', () => {
    expect(digestLabel(stored.digest)).toMatch(/^[0-9a-f]{63}$/);
  });
});
