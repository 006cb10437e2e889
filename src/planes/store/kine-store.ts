import pg from 'pg';
import type { Duplex } from 'node:stream';
import { KubeError } from '../../kube/kube-error.ts';
import { messageOf } from '../../lib/error-text.ts';
import {
  isPlanesOwn,
  KEY_END,
  KEY_FROM,
  LEASE_SECONDS,
  PLANES_OWN,
  type KeptObject,
  type KeptStore,
  type Reading,
  type Restored,
} from './kept-objects.ts';
import { inOrder } from './restore-changes.ts';

/** A plane's database, and how its role gets in. */
export interface KineDatabase {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** PEM. */
  readonly ca: string;
  /** A connection that is there already, to a port that was forwarded. */
  readonly through?: Duplex;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Rows that are fetched or sent at once: a few MB. */
const PAGE = 500;
/** Writers wait meanwhile: what takes longer is given up, by the server itself. Together with waiting for writers at most 5 s. */
const FROZEN_MS = 4_000;
const WAIT_FOR_WRITERS_MS = 1_000;

/** The last row of each key: a log has one for each change. */
const LATEST = `latest AS (
  SELECT kine.* FROM kine JOIN (
    SELECT max(id) AS id FROM kine WHERE name >= '${KEY_FROM}' AND name < '${KEY_END}' GROUP BY name
  ) AS last USING (id))`;

/** Rows in the form that kine writes: what is new, what is another, what is gone. */
const RESTORE = `WITH ${LATEST}, changes AS (
  SELECT wanted.place, wanted.name,
    CASE WHEN is_new THEN 1 ELSE 0 END AS created, 0 AS deleted,
    CASE WHEN is_new THEN 0 WHEN latest.created <> 0 THEN latest.id ELSE latest.create_revision END AS create_revision,
    coalesce(latest.id, 0) AS prev_revision, wanted.lease, wanted.value, latest.value AS old_value
  FROM wanted LEFT JOIN latest USING (name),
    LATERAL (SELECT latest.id IS NULL OR latest.deleted <> 0 AS is_new) AS facts
  WHERE is_new OR latest.value IS DISTINCT FROM wanted.value
  UNION ALL
  SELECT 2147483647, latest.name, 0, 1, 0, latest.id, 0, NULL, latest.value
  FROM latest LEFT JOIN wanted USING (name)
  WHERE wanted.name IS NULL AND latest.deleted = 0
    AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS own WHERE starts_with(latest.name, own))
), done AS (
  INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
  SELECT name, created, deleted, create_revision, prev_revision, lease, value, old_value FROM changes ORDER BY place, name
  RETURNING id, deleted
) SELECT count(*) FILTER (WHERE deleted = 0) AS written, count(*) FILTER (WHERE deleted <> 0) AS deleted, max(id) AS revision FROM done`;

/** The objects of a plane in the table that kine keeps in PostgreSQL. Throws KubeError. */
export async function openKineStore(target: KineDatabase): Promise<KeptStore> {
  const { ca, through, ...address } = target;
  const client = new pg.Client({
    ...address,
    ssl: { ca, rejectUnauthorized: true, servername: target.host },
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'tenantry',
    ...(through === undefined ? {} : { stream: () => connected(through) }),
  });
  // Between queries a lost connection is told by this event, which would end the process if nobody listened.
  client.on('error', () => undefined);
  const asKube = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      const what = `PostgreSQL at ${target.host}`;
      throw new KubeError('ServiceUnavailable', `${what}: ${messageOf(error)}`, { cause: error });
    }
  };
  await asKube(client.connect());
  return {
    read: () => asKube(read(client)),
    restore: (objects) => asKube(restore(client, objects)),
    close: () => client.end().catch(() => undefined),
  };
}

/** As a socket that connects. */
function connected(stream: Duplex): Duplex {
  return Object.assign(stream, {
    connect: () => queueMicrotask(() => stream.emit('connect')),
    setNoDelay: () => stream,
    setKeepAlive: () => stream,
    ref: () => stream,
    unref: () => stream,
  });
}

async function read(client: pg.Client): Promise<Reading> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows } = await client.query<{ revision: string | null }>('SELECT max(id) AS revision FROM kine');
  await client.query(
    `DECLARE objects CURSOR FOR WITH ${LATEST} SELECT name, value, lease FROM latest WHERE deleted = 0 ORDER BY name`,
  );
  async function* pages(): AsyncIterable<readonly KeptObject[]> {
    for (;;) {
      const page = await client.query<{ name: string; value: Buffer | null; lease: number | null }>(
        `FETCH ${PAGE} FROM objects`,
      );
      if (page.rows.length === 0) break;
      yield page.rows.map(({ name, value, lease }) => ({
        key: name,
        value: value ?? Buffer.alloc(0),
        leased: (lease ?? 0) !== 0,
      }));
    }
    await client.query('COMMIT');
  }
  return { revision: Number(rows[0]?.revision ?? 0), pages: pages() };
}

/**
 * All of it or nothing. What should be is brought beside the table first; then writers wait, readers do not, until one statement
 * has changed everything. If this process dies or is late, the server forgets the transaction and lets writers go on.
 */
async function restore(client: pg.Client, objects: readonly KeptObject[]): Promise<Restored> {
  await client.query(
    'CREATE TEMPORARY TABLE wanted (place integer, name text COLLATE "C" PRIMARY KEY, value bytea, lease integer)',
  );
  try {
    await stage(client, objects);
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = ${WAIT_FOR_WRITERS_MS}`);
    await client.query(`SET LOCAL idle_in_transaction_session_timeout = ${FROZEN_MS}`);
    await client.query('LOCK TABLE kine IN EXCLUSIVE MODE');
    await client.query(`SET LOCAL statement_timeout = ${FROZEN_MS}`);
    const { rows } = await client.query<Record<'written' | 'deleted' | 'revision', string | null>>(RESTORE, [
      PLANES_OWN,
    ]);
    const now = await client.query<{ revision: string }>('SELECT max(id) AS revision FROM kine');
    await client.query('COMMIT');
    const [done] = rows;
    return {
      written: Number(done?.written ?? 0),
      deleted: Number(done?.deleted ?? 0),
      revision: Number(now.rows[0]?.revision ?? 0),
    };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    await client.query('DROP TABLE IF EXISTS wanted').catch(() => undefined);
  }
}

async function stage(client: pg.Client, objects: readonly KeptObject[]): Promise<void> {
  const wanted = inOrder(objects.filter(({ key }) => !isPlanesOwn(key)));
  for (let at = 0; at < wanted.length; at += PAGE) {
    const page = wanted.slice(at, at + PAGE);
    await client.query(
      'INSERT INTO wanted SELECT * FROM unnest($1::integer[], $2::text[], $3::bytea[], $4::integer[])',
      [
        page.map((_one, place) => at + place),
        page.map(({ key }) => key),
        page.map(({ value }) => value),
        page.map(({ leased }) => (leased ? LEASE_SECONDS : 0)),
      ],
    );
  }
  await client.query('ANALYZE wanted');
}
