import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import pg from 'pg';
import { KubeError } from '../kube/kube-error.ts';
import { messageOf } from '../lib/error-text.ts';
import { KEY_END, KEY_FROM } from './store/kept-objects.ts';

/** How an administrator of a PostgreSQL server gets in. */
export interface DatabaseServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Authority that its certificate is checked against, PEM. */
  readonly ca: string;
}

/** A role and the database of the same name that it owns, for one plane. */
export interface PlaneDatabase {
  readonly name: string;
  readonly password: string;
  readonly connectionLimit: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A database is a copy of a folder; a disk that takes longer is not one to wait for. */
const QUERY_TIMEOUT_MS = 30_000;
const SALT_BYTES = 16;
/** PostgreSQL's own number of rounds. */
const ITERATIONS = 4096;

/** Name of role and database of a plane: its UID, so that a plane that took another one's name never sees its data. */
export function databaseName(uid: string): string {
  return `plane_${uid.replaceAll('-', '')}`;
}

/** Makes role and database where they are missing, and sets password and limits. Safe to repeat. Throws KubeError. */
export async function ensureDatabase(server: DatabaseServer, database: PlaneDatabase): Promise<void> {
  const name = pg.escapeIdentifier(database.name);
  // As it is kept: neither the server's log nor a statistics view ever sees the password.
  const verifier = pg.escapeLiteral(scramVerifier(database.password, saltOf(database.name)));
  const how = `LOGIN CONNECTION LIMIT ${database.connectionLimit} PASSWORD ${verifier}`;
  await withServer(server, async (client) => {
    const roles = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [database.name]);
    await client.query(`${roles.rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${name} ${how}`);
    // Who is no superuser makes databases only for roles that he belongs to.
    await client.query(`GRANT ${name} TO CURRENT_USER`);
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database.name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${name} OWNER ${name}`);
    // Everybody may connect to a new database; and to those that are there from the beginning.
    for (const one of [name, 'postgres', 'template1'])
      await client.query(`REVOKE ALL ON DATABASE ${one} FROM PUBLIC`);
  });
}

/** Takes both away, whoever is connected. Safe to repeat. Throws KubeError. */
export async function dropDatabase(server: DatabaseServer, database: string): Promise<void> {
  const name = pg.escapeIdentifier(database);
  await withServer(server, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`DROP ROLE IF EXISTS ${name}`);
  });
}

/** How much a plane's database holds. Throws KubeError. */
export async function databaseState(
  server: DatabaseServer,
  database: string,
): Promise<{ readonly bytes: number; readonly objects: number }> {
  return withServer(
    server,
    async (client) => {
      const { rows } = await client.query<{ bytes: string; objects: string }>(
        `SELECT pg_database_size(current_database()) AS bytes, count(*) FILTER (WHERE deleted = 0) AS objects
         FROM (SELECT DISTINCT ON (name) deleted FROM kine
               WHERE name >= '${KEY_FROM}' AND name < '${KEY_END}' ORDER BY name, id DESC) AS latest`,
      );
      return { bytes: Number(rows[0]?.bytes), objects: Number(rows[0]?.objects) };
    },
    database,
  );
}

async function withServer<T>(
  server: DatabaseServer,
  work: (client: pg.Client) => Promise<T>,
  database = 'postgres',
): Promise<T> {
  const { ca, ...address } = server;
  const client = new pg.Client({
    ...address,
    database,
    ssl: { ca, rejectUnauthorized: true, servername: server.host },
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: 'tenantry-operator',
  });
  // Between queries a lost connection is told by this event, which would end the process if nobody listened.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } catch (error) {
    const what = `PostgreSQL at ${server.host}`;
    throw new KubeError('ServiceUnavailable', `${what}: ${messageOf(error)}`, { cause: error });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Differs from role to role, and is the same each time: setting the password again changes nothing. */
function saltOf(name: string): Buffer {
  return createHash('sha256').update(`salt of ${name}`).digest().subarray(0, SALT_BYTES);
}

/** What PostgreSQL keeps of a password (RFC 5803). */
export function scramVerifier(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const mac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(mac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${mac('Server Key').toString('base64')}`;
}
