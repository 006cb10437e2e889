import { generateKeyPairSync, sign } from 'node:crypto';
import { sha256 } from '../../src/lib/hash.ts';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const others = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const pem = (key: typeof keys.publicKey): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** The key that signs, and one that signed nothing. */
export const KEYS = { signer: pem(keys.publicKey), other: pem(others.publicKey) };

/** What `cosign sign-blob` prints. */
export const signBlob = (bytes: Uint8Array): string =>
  sign('sha256', bytes, keys.privateKey).toString('base64');

/** Pushes what `cosign sign --key` leaves beside a chart: a manifest under a tag made of the chart's digest. */
export async function signInRegistry(registry: string, repository: string, tag: string): Promise<void> {
  const accept = { accept: 'application/vnd.oci.image.manifest.v1+json' };
  const manifest = await must(fetch(`${registry}/v2/${repository}/manifests/${tag}`, { headers: accept }));
  const digest = sha256(new Uint8Array(await manifest.arrayBuffer()));
  const payload = JSON.stringify({
    critical: {
      identity: { 'docker-reference': repository },
      image: { 'docker-manifest-digest': `sha256:${digest}` },
      type: 'cosign container image signature',
    },
    optional: null,
  });
  const config = '{}';
  await pushBlob(registry, repository, payload);
  await pushBlob(registry, repository, config);
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType: accept.accept,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...described(config) },
    layers: [
      {
        mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
        ...described(payload),
        annotations: { 'dev.cosignproject.cosign/signature': signBlob(Buffer.from(payload)) },
      },
    ],
  });
  const url = `${registry}/v2/${repository}/manifests/sha256-${digest}.sig`;
  await must(fetch(url, { method: 'PUT', headers: { 'content-type': accept.accept }, body }));
}

const described = (text: string): object => ({ digest: `sha256:${sha256(text)}`, size: text.length });

async function pushBlob(registry: string, repository: string, text: string): Promise<void> {
  const begun = await must(fetch(`${registry}/v2/${repository}/blobs/uploads/`, { method: 'POST' }));
  const place = new URL(begun.headers.get('location') ?? '', registry);
  place.searchParams.set('digest', `sha256:${sha256(text)}`);
  await must(
    fetch(place, { method: 'PUT', headers: { 'content-type': 'application/octet-stream' }, body: text }),
  );
}

async function must(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (!response.ok) throw new Error(`${response.url}: HTTP ${response.status} ${await response.text()}`);
  return response;
}
