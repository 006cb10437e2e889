import type { ControlPlane } from '../../api/control-plane.ts';
import type { Reader } from '../../client/client.ts';
import { SECRET, type Secret } from '../../kube/builtin-kinds.ts';
import type { DatabaseServer } from '../../planes/database.ts';
import { POSTGRES_PORT } from '../../planes/plane-names.ts';
import { filesOf } from './secret-files.ts';

/** Without it a Secret of the operator's namespace is none of a plane's business, whoever names it. */
const BACKEND_LABEL = 'tenantry.dev/backend';
const KEYS = ['host', 'user', 'password', 'ca.crt'] as const;
/** What ends up in a URL and in a file of fields is of these letters. */
const HOST = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/;

/** How a PostgreSQL of somebody else's is reached, or why it can't be told. */
export type ExternalStore = { readonly server: DatabaseServer } | { readonly problem: string };

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
  const files = filesOf(secret);
  const missing = KEYS.filter((key) => (files[key] ?? '').trim() === '');
  if (missing.length > 0) return { problem: `${what} lacks ${missing.join(', ')}` };
  const { host = '', user = '', password = '' } = files;
  const port = Number(files['port'] ?? POSTGRES_PORT);
  if (!HOST.test(host.trim())) return { problem: `${what}: host is no name of a host` };
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return { problem: `${what}: port is no port` };
  const ca = files['ca.crt'] ?? '';
  return { server: { host: host.trim(), port, user: user.trim(), password: password.trim(), ca } };
}
