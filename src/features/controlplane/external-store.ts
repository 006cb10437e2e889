import type { ControlPlane } from '../../api/control-plane.ts';
import type { Reader } from '../../client/client.ts';
import { SECRET, type Secret } from '../../kube/builtin-kinds.ts';
import { ETCD_PORT, POSTGRES_PORT } from '../../planes/plane-names.ts';
import type { StoreServer } from '../../planes/store-server.ts';
import { filesOf } from './secret-files.ts';

/** Without it a Secret of the operator's namespace is none of a plane's business, whoever names it. */
const BACKEND_LABEL = 'tenantry.dev/backend';
/** Keys that each type of server needs. */
const KEYS = {
  postgres: ['host', 'user', 'password', 'ca.crt'],
  etcd: ['endpoints', 'ca.crt', 'client.crt', 'client.key'],
} as const;
type ServerType = keyof typeof KEYS;
/** What ends up in a URL and in a file of fields is of these letters. */
const HOST = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;
const ENDPOINT = /^https:\/\/(?<host>[^/:@]+)(:(?<port>\d+))?\/?$/;
/** Where planes are in an etcd of which nobody says anything else. */
const PREFIX = '/tenantry/planes';
const PREFIX_FORM = /^(\/[a-zA-Z0-9_-][a-zA-Z0-9._-]*)+$/;
/** Where a Kubernetes has its own objects: a plane there would be found by it, or find it. */
const KUBERNETES = /^\/registry(\/|$)/;

/** How a server of somebody else's is reached, or why it can't be told. */
export type ExternalStore = { readonly server: StoreServer } | { readonly problem: string };

/** Reads the Secret that a plane with backend external names. Throws KubeError. */
export async function readExternalStore(
  { spec }: ControlPlane,
  live: Reader,
  namespace: string,
): Promise<ExternalStore> {
  const name = spec.backendSecretRef?.name ?? '';
  return externalStore(await live.find(SECRET, { namespace, name }), `${namespace}/${name}`);
}

/** What a Secret says. Pure. */
export function externalStore(secret: Secret | undefined, name: string): ExternalStore {
  const what = `spec.backendSecretRef: Secret ${name}`;
  if (secret === undefined) return { problem: `${what} is not there` };
  if (secret.metadata.labels?.[BACKEND_LABEL] !== 'true')
    return { problem: `${what} is not labelled ${BACKEND_LABEL}=true, so it is not for planes` };
  const files = trimmed(filesOf(secret));
  const type = files['type'] ?? 'postgres';
  if (!isServerType(type))
    return { problem: `${what}: type is "${type}"; it takes ${Object.keys(KEYS).join(' or ')}` };
  const missing = KEYS[type].filter((key) => (files[key] ?? '') === '');
  if (missing.length > 0) return { problem: `${what} lacks ${missing.join(', ')}` };
  const read = type === 'etcd' ? etcdServer(files) : postgresServer(files);
  return typeof read === 'string' ? { problem: `${what}: ${read}` } : { server: read };
}

type Files = Readonly<Record<string, string>>;

/** What PostgreSQL a Secret names, or what is wrong with it. */
function postgresServer(files: Files): StoreServer | string {
  const { host = '', user = '', password = '' } = files;
  const port = Number(files['port'] ?? POSTGRES_PORT);
  if (!HOST.test(host)) return 'host is no name of a host';
  if (!isPort(port)) return 'port is no port';
  return { kind: 'postgres', host, port, user, password, ca: files['ca.crt'] ?? '' };
}

/** What etcd a Secret names, or what is wrong with it. */
function etcdServer(files: Files): StoreServer | string {
  const endpoints: { host: string; port: number }[] = [];
  for (const text of (files['endpoints'] ?? '').split(',')) {
    const { host = '', port = ETCD_PORT } = ENDPOINT.exec(text.trim())?.groups ?? {};
    if (!HOST.test(host) || !isPort(Number(port)))
      return `endpoints: "${text.trim()}" is none; name each as https://HOST:PORT, with commas in between`;
    endpoints.push({ host, port: Number(port) });
  }
  const prefix = files['prefix'] ?? PREFIX;
  if (!PREFIX_FORM.test(prefix))
    return 'prefix: parts of letters, digits, ".", "-" and "_", each after a "/"';
  if (KUBERNETES.test(prefix)) return 'prefix: /registry is where a Kubernetes has its own objects';
  const [ca, cert, key] = ['ca.crt', 'client.crt', 'client.key'].map((name) => files[name] ?? '');
  return { kind: 'etcd', endpoints, prefix, ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}

const isServerType = (text: string): text is ServerType => Object.hasOwn(KEYS, text);
const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

/** White space around a text is nobody's intent; certificates end in a line of their own. */
function trimmed(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([key, text]) => [key, text.includes('-----') ? text : text.trim()]),
  );
}
