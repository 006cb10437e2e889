import type { Client, Reader } from '../client/client.ts';
import { CONFIG_MAP, SECRET, type ConfigMap, type Secret } from '../kube/builtin-kinds.ts';
import { formatTime } from '../kube/conditions.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { mapLimit } from '../lib/limit.ts';
import { sha256, shortHash } from '../lib/hash.ts';
import { ChartSourceError } from './chart-source-error.ts';
import { MAX_CHART_BYTES } from './source-request.ts';

/** On every chunk: the archive it is a part of (the first 63 digits of the digest, for a label holds no more). */
export const CHART_DIGEST_LABEL = 'tenantry.dev/chart-digest';
/** On chunks and indexes of uploaded charts: they are the uploader's, and no composition deletes them. */
export const UPLOADED_LABEL = 'tenantry.dev/uploaded';
/** Digest that an upload's index names. */
const DIGEST_ANNOTATION = 'tenantry.dev/chart-digest';
const NAME_ANNOTATION = 'tenantry.dev/chart-name';
const UPLOADED_AT_ANNOTATION = 'tenantry.dev/uploaded-at';
const SECRET_TYPE = 'tenantry.dev/chart-chunk';
/** Bytes of one chunk: as base64 it stays well below the API server's 1 MiB for a Secret. */
const CHUNK_BYTES = 700 * 1024;
/** Chunks read or written at the same time. */
const PARALLEL = 4;

/** An archive that is kept, or is to be. */
export interface StoredChart {
  readonly digest: string;
  readonly size: number;
  /** Names of the Secrets, in order. */
  readonly chunks: readonly string[];
}

/** The value of the label for a digest. */
export const digestLabel = (digest: string): string => digest.slice(0, 63);

/** The immutable Secrets that hold an archive. Pure: the same bytes give the same objects. */
export function chartChunks(
  namespace: string,
  bytes: Uint8Array,
): { stored: StoredChart; secrets: readonly Secret[] } {
  const digest = sha256(bytes);
  const secrets: Secret[] = [];
  for (let start = 0; start < bytes.byteLength; start += CHUNK_BYTES) {
    secrets.push({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: `chart-${digest.slice(0, 16)}-${secrets.length}`,
        namespace,
        labels: { [CHART_DIGEST_LABEL]: digestLabel(digest) },
      },
      type: SECRET_TYPE,
      immutable: true,
      data: { chunk: Buffer.from(bytes.subarray(start, start + CHUNK_BYTES)).toString('base64') },
    });
  }
  return {
    stored: { digest, size: bytes.byteLength, chunks: secrets.map((secret) => secret.metadata.name) },
    secrets,
  };
}

/** Keeps an archive by its digest; what is kept already is not written again. Throws KubeError and ChartSourceError. */
export async function saveChart(client: Client, namespace: string, bytes: Uint8Array): Promise<StoredChart> {
  return save(client, namespace, bytes, {});
}

async function save(
  client: Client,
  namespace: string,
  bytes: Uint8Array,
  labels: Record<string, string>,
): Promise<StoredChart> {
  if (bytes.byteLength > MAX_CHART_BYTES) {
    throw new ChartSourceError(
      'ChartTooLarge',
      `the archive is larger than ${MAX_CHART_BYTES / 1024 / 1024} MiB`,
    );
  }
  const { stored, secrets } = chartChunks(namespace, bytes);
  await mapLimit(secrets, PARALLEL, async (secret) => {
    const labelled: Secret = {
      ...secret,
      metadata: { ...secret.metadata, labels: { ...secret.metadata.labels, ...labels } },
    };
    try {
      await client.create(SECRET, labelled);
    } catch (error) {
      if (!isKubeError(error, 'AlreadyExists')) throw error;
      if (Object.keys(labels).length === 0) return;
      // Immutable and named by its content: what is there is the same, or loading finds out. Only the labels may lack.
      await client.patch(
        SECRET,
        { namespace, name: secret.metadata.name },
        { type: 'merge', body: { metadata: { labels } } },
      );
    }
  });
  return stored;
}

/**
 * Reads an archive back and checks it against its digest, so that nobody who can write Secrets changes what instances
 * run. Throws KubeError (NotFound names the chunk) and ChartSourceError (DigestMismatch).
 */
export async function loadChart(
  reader: Reader,
  namespace: string,
  chunks: readonly string[],
  digest: string,
): Promise<Uint8Array> {
  const parts = await mapLimit(chunks, PARALLEL, async (name) => {
    const secret = await reader.get(SECRET, { namespace, name });
    return Buffer.from(secret.data?.['chunk'] ?? '', 'base64');
  });
  const bytes = Buffer.concat(parts);
  if (sha256(bytes) === digest) return bytes;
  throw new ChartSourceError(
    'DigestMismatch',
    `the Secrets ${chunks.join(', ')} in ${namespace} no longer hold the chart with digest ${digest}; restore them, or delete them and upload or register the chart again`,
  );
}

/** What is known of an uploaded archive. */
export interface Upload extends StoredChart {
  /** File name, as in `file:///<name>`. */
  readonly name: string;
}

function indexName(name: string): string {
  return `chart-upload-${shortHash(name, 16)}`;
}

/** Keeps an archive under the name that `file:///<name>` refers to. A second upload of the name replaces the first. */
export async function saveUpload(
  client: Client,
  namespace: string,
  name: string,
  bytes: Uint8Array,
  now: number,
): Promise<Upload> {
  const stored = await save(client, namespace, bytes, { [UPLOADED_LABEL]: 'true' });
  const index: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: indexName(name),
      namespace,
      labels: { [UPLOADED_LABEL]: 'true' },
      annotations: {
        [NAME_ANNOTATION]: name,
        [DIGEST_ANNOTATION]: stored.digest,
        [UPLOADED_AT_ANNOTATION]: formatTime(now),
      },
    },
    data: { digest: stored.digest, size: String(stored.size), chunks: stored.chunks.join('\n') },
  };
  await client.apply(CONFIG_MAP, index);
  return { ...stored, name };
}

/** The upload of a name, or undefined. Its bytes are got by `loadChart`. Throws KubeError. */
export async function findUpload(
  reader: Reader,
  namespace: string,
  name: string,
): Promise<Upload | undefined> {
  const index = await reader.find(CONFIG_MAP, { namespace, name: indexName(name) });
  const data = index?.data;
  // Names are hashed into the index's; the full one decides.
  if (data === undefined || index?.metadata.annotations?.[NAME_ANNOTATION] !== name) return undefined;
  const chunks = (data['chunks'] ?? '').split('\n').filter((chunk) => chunk !== '');
  return { name, digest: data['digest'] ?? '', size: Number(data['size'] ?? 0), chunks };
}
