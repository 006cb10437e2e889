import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Json, KubeObject } from '../kube/object.ts';
import type { ReleaseFile, ReleaseHook, ReleaseRecord } from './release.ts';
import { isMap } from '../lib/narrow.ts';

/** A Secret that holds one revision of a release, where Helm looks for it. */
export interface ReleaseSecret extends KubeObject {
  readonly type: typeof RELEASE_TYPE;
  readonly data: { readonly release: string };
}

/** Says that Helm, version 3 or later, wrote the Secret. */
const RELEASE_TYPE = 'helm.sh/release.v1';
/** Selects all releases of a namespace. */
export const RELEASE_SELECTOR = 'owner=helm';

/**
 * Above this many bytes (base64 of gzip, as it lies in the Secret) the chart's files are left out. The API server refuses
 * Secrets above 1 MiB, and the object carries labels and managed fields besides.
 */
const COMPLETE_BYTES = 700 * 1024;
/** Above this many bytes there is nothing left to leave out. */
const MAX_BYTES = 1_000_000;
/** A release that unpacks to more was made to fill the memory: whoever may write Secrets in a namespace may write this one. */
const MAX_JSON_BYTES = 64 * 1_048_576;
const MAX_JSON = { maxOutputLength: MAX_JSON_BYTES };
/** A release that cannot be kept or read; the message says which and why. */
export class ReleaseError extends Error {
  override readonly name = 'ReleaseError';
  readonly code: 'TooLarge' | 'Unreadable';
  constructor(code: 'TooLarge' | 'Unreadable', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Name of the Secret of one revision. */
export function releaseSecretName(release: string, version: number): string {
  return `sh.helm.release.v1.${release}.v${version}`;
}

/** When the Secret was made or changed last, and the labels that are not Helm's. */
export interface ReleaseMarks {
  /** Milliseconds since the epoch; Helm keeps seconds. */
  readonly createdAt?: number;
  readonly modifiedAt?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The Secret of a revision. Fails with ReleaseError TooLarge when even without the chart's files it does not fit. */
export function encodeRelease(record: ReleaseRecord, marks: ReleaseMarks = {}): ReleaseSecret {
  let packed = pack(record);
  if (packed.length > COMPLETE_BYTES)
    packed = pack({ ...record, chart: { ...record.chart, templates: [], files: [] } });
  if (packed.length > MAX_BYTES)
    throw new ReleaseError(
      'TooLarge',
      `release ${record.name} revision ${record.version}: ${packed.length} bytes packed, a Secret holds ${MAX_BYTES}: split the chart or shorten its values`,
    );
  const seconds = (ms: number): string => String(Math.floor(ms / 1000));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: releaseSecretName(record.name, record.version),
      namespace: record.namespace,
      labels: {
        ...marks.labels,
        ...(marks.createdAt === undefined ? {} : { createdAt: seconds(marks.createdAt) }),
        ...(marks.modifiedAt === undefined ? {} : { modifiedAt: seconds(marks.modifiedAt) }),
        name: record.name,
        owner: 'helm',
        status: record.info.status,
        version: String(record.version),
      },
    },
    type: RELEASE_TYPE,
    // A Secret's data is base64 of what Helm stores, which is base64 itself.
    data: { release: Buffer.from(packed).toString('base64') },
  };
}

/** Reads a revision, made by us or by Helm 3 or 4. Fails with ReleaseError Unreadable. */
export function decodeRelease(
  secret: KubeObject & { readonly data?: Readonly<Record<string, string>> },
): ReleaseRecord {
  const where = `Secret ${secret.metadata.namespace ?? ''}/${secret.metadata.name}`;
  try {
    const stored = Buffer.from(secret.data?.['release'] ?? '', 'base64').toString('latin1');
    const packed = Buffer.from(stored, 'base64');
    // Helm reads records that were stored before compression came, too.
    const isPacked = packed[0] === 0x1f && packed[1] === 0x8b && packed[2] === 0x08;
    const json = (isPacked ? gunzipSync(packed, MAX_JSON) : packed).toString('utf8');
    return fromHelm(STORED.parse(JSON.parse(json)), secret.metadata.namespace ?? '');
  } catch (error) {
    const reason =
      error instanceof z.ZodError
        ? z.prettifyError(error)
        : error instanceof Error
          ? error.message
          : String(error);
    throw new ReleaseError('Unreadable', `${where} is no Helm release that can be read: ${reason}`, {
      cause: error,
    });
  }
}

function pack(record: ReleaseRecord): string {
  return gzipSync(JSON.stringify(toHelm(record)), { level: 9 }).toString('base64');
}

/** The JSON of Helm's Go structs: names in lower case with underscores, bytes as base64. */
function toHelm(record: ReleaseRecord): unknown {
  const { info, chart } = record;
  const file = ({ name, data }: ReleaseFile): unknown => ({
    name,
    data: Buffer.from(data).toString('base64'),
  });
  return {
    name: record.name,
    info: {
      first_deployed: info.firstDeployed,
      last_deployed: info.lastDeployed,
      deleted: info.deleted,
      description: info.description,
      status: info.status,
      rollback_revision: info.rollbackRevision,
      notes: info.notes === '' ? undefined : info.notes,
    },
    chart: {
      metadata: chart.metadata,
      lock: null,
      templates: chart.templates.map(file),
      values: chart.values,
      schema: chart.schema === undefined ? null : Buffer.from(chart.schema).toString('base64'),
      // Go writes the zero time where it has none.
      schemamodtime: '0001-01-01T00:00:00Z',
      files: chart.files.map(file),
    },
    config: record.config,
    manifest: record.manifest,
    hooks: record.hooks.map(hookToHelm),
    version: record.version,
    namespace: record.namespace,
    apply_method: record.applyMethod,
  };
}

function hookToHelm(hook: ReleaseHook): unknown {
  return {
    name: hook.name,
    kind: hook.kind,
    path: hook.source,
    manifest: hook.content,
    events: hook.events,
    last_run: {
      started_at: hook.lastRun?.startedAt,
      completed_at: hook.lastRun?.completedAt,
      phase: hook.lastRun?.phase ?? '',
    },
    weight: hook.weight,
    delete_policies: hook.deletePolicies,
  };
}

const TEXT = z.string().catch('').default('');
const FILES = z
  .array(z.object({ name: z.string(), data: z.string().nullish() }))
  .nullish()
  .transform((files) =>
    (files ?? []).map(({ name, data }) => ({ name, data: Buffer.from(data ?? '', 'base64') })),
  );
// Passed through as it was read: zod would copy it key by key and lose one called `__proto__`.
const VALUES = z
  .custom<Readonly<Record<string, Json>>>(isMap, 'must be a map of values')
  .nullish()
  .transform((values) => values ?? {});
const EVENTS = [
  'pre-install',
  'post-install',
  'pre-upgrade',
  'post-upgrade',
  'pre-delete',
  'post-delete',
  'pre-rollback',
  'post-rollback',
  'test',
] as const;
const STATUSES = [
  'unknown',
  'deployed',
  'uninstalled',
  'superseded',
  'failed',
  'uninstalling',
  'pending-install',
  'pending-upgrade',
  'pending-rollback',
] as const;
const HOOK = z.object({
  name: TEXT,
  kind: TEXT,
  path: TEXT,
  manifest: TEXT,
  events: z
    .array(z.enum(EVENTS))
    .nullish()
    .transform((events) => events ?? []),
  weight: z.number().default(0),
  delete_policies: z
    .array(z.enum(['before-hook-creation', 'hook-succeeded', 'hook-failed']))
    .nullish()
    .transform((policies) => policies ?? []),
  last_run: z.object({ started_at: TEXT, completed_at: TEXT, phase: TEXT }).optional(),
});
const STORED = z.object({
  name: z.string().min(1),
  namespace: TEXT,
  version: z.number().int().min(1),
  info: z.object({
    first_deployed: TEXT,
    last_deployed: TEXT,
    deleted: TEXT,
    description: TEXT,
    status: z.enum(STATUSES).catch('unknown'),
    rollback_revision: z.number().optional(),
    notes: TEXT,
  }),
  chart: z.object({
    metadata: z.unknown(),
    values: VALUES,
    schema: z.string().nullish(),
    templates: FILES,
    files: FILES,
  }),
  config: VALUES,
  manifest: TEXT,
  hooks: z.array(HOOK).nullish(),
  apply_method: z.enum(['ssa', 'csa']).optional().catch(undefined),
});

function fromHelm(stored: z.infer<typeof STORED>, namespace: string): ReleaseRecord {
  const { info, chart } = stored;
  return {
    name: stored.name,
    namespace: stored.namespace === '' ? namespace : stored.namespace,
    version: stored.version,
    info: {
      firstDeployed: info.first_deployed,
      lastDeployed: info.last_deployed,
      ...(info.deleted === '' ? {} : { deleted: info.deleted }),
      description: info.description,
      status: info.status,
      notes: info.notes,
      ...(info.rollback_revision === undefined ? {} : { rollbackRevision: info.rollback_revision }),
    },
    chart: {
      // What JSON.parse gave is JSON.
      metadata: (chart.metadata ?? null) as Json,
      values: chart.values,
      ...(chart.schema ? { schema: Buffer.from(chart.schema, 'base64') } : {}),
      templates: chart.templates,
      files: chart.files,
    },
    config: stored.config,
    manifest: stored.manifest,
    hooks: (stored.hooks ?? []).map(hookFromHelm),
    ...(stored.apply_method === undefined ? {} : { applyMethod: stored.apply_method }),
  };
}

function hookFromHelm(stored: z.infer<typeof HOOK>): ReleaseHook {
  const phase = (['Running', 'Succeeded', 'Failed', 'Unknown'] as const).find(
    (word) => word === stored.last_run?.phase,
  );
  const { started_at: startedAt = '', completed_at: completedAt = '' } = stored.last_run ?? {};
  return {
    source: stored.path,
    content: stored.manifest,
    name: stored.name,
    kind: stored.kind,
    events: stored.events,
    weight: stored.weight,
    deletePolicies: stored.delete_policies,
    ...(phase === undefined
      ? {}
      : {
          lastRun: {
            ...(startedAt === '' ? {} : { startedAt }),
            ...(completedAt === '' ? {} : { completedAt }),
            phase,
          },
        }),
  };
}
