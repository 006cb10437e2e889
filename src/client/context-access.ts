import type { Json } from '../kube/object.ts';
import type { ClusterAccess, CredentialSource, Impersonation } from './access.ts';
import { execCredential, readExecPlugin } from './exec-credential.ts';
import { fileCredential } from './file-credential.ts';
import type { Kubeconfig, KubeconfigEntry } from './kubeconfig.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import { chooseProxy } from './proxy-choice.ts';
import type { Surroundings } from './surroundings.ts';
import { messageOf } from '../lib/error-text.ts';
import { isJsonObject } from '../api/json-schema.ts';
import { textsIn } from '../lib/narrow.ts';

/** What to take from a kubeconfig instead of its current context's choice. */
export interface ContextChoice {
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
}

/** The extension in which a cluster entry carries what its credential plug-in needs. */
const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';
const CORRECT = 'Correct the kubeconfig.';

/** Access by one context of a kubeconfig. Throws KubeconfigError naming the entry and the field. */
export async function contextAccess(
  config: Kubeconfig,
  choice: ContextChoice,
  surroundings: Surroundings,
): Promise<ClusterAccess> {
  const context = chooseContext(config, choice);
  const clusterName = choice.cluster ?? text(context, 'cluster') ?? '';
  const userName = choice.user ?? text(context, 'user') ?? '';
  const cluster = config.clusters.get(clusterName);
  if (cluster === undefined) throw missing('cluster', clusterName, config.clusters);
  const user = userName === '' ? {} : config.users.get(userName);
  if (user === undefined) throw missing('user', userName, config.users);
  const server = readServer(cluster, clusterName);
  const ca = await readAuthority(cluster, clusterName, surroundings);
  const tlsServerName = text(cluster, 'tls-server-name');
  const proxyUrl = readProxy(cluster, clusterName) ?? chooseProxy(server, surroundings.env);
  const impersonate = readImpersonation(user);
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecureSkipTlsVerify: true } : {}),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(proxyUrl === undefined ? {} : { proxyUrl }),
    ...(impersonate === undefined ? {} : { impersonate }),
    credentials: readCredentials(user, userName, execCluster(cluster, server, ca), surroundings),
    namespace: choice.namespace ?? text(context, 'namespace') ?? 'default',
  };
}

function chooseContext(config: Kubeconfig, choice: ContextChoice): KubeconfigEntry {
  const name = choice.context ?? config.currentContext;
  if (name === '') {
    if (choice.cluster !== undefined) return {};
    const names = [...config.contexts.keys()].join(', ');
    throw new KubeconfigError(
      'the kubeconfig has no current context',
      `Choose one with \`kubectl config use-context\` or --context${names === '' ? '' : ` (there are: ${names})`}.`,
    );
  }
  const context = config.contexts.get(name);
  if (context === undefined) throw missing('context', name, config.contexts);
  return context;
}

function missing(what: string, name: string, known: ReadonlyMap<string, unknown>): KubeconfigError {
  const names = [...known.keys()].join(', ');
  return new KubeconfigError(
    `the kubeconfig has no ${what} named "${name}"`,
    names === '' ? CORRECT : `Use one of those it has: ${names}.`,
  );
}

function readServer(cluster: KubeconfigEntry, name: string): string {
  const server = text(cluster, 'server') ?? '';
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new KubeconfigError(
      `cluster "${name}": server is ${JSON.stringify(server)}, not an http(s) address`,
      CORRECT,
    );
  }
  return server;
}

async function readAuthority(
  cluster: KubeconfigEntry,
  name: string,
  { readFile }: Surroundings,
): Promise<string | undefined> {
  const data = text(cluster, 'certificate-authority-data');
  const file = text(cluster, 'certificate-authority');
  if (data === undefined && file === undefined) return undefined;
  if (cluster['insecure-skip-tls-verify'] === true) {
    throw new KubeconfigError(
      `cluster "${name}" has a certificate authority and insecure-skip-tls-verify, which contradict each other`,
      'Remove insecure-skip-tls-verify from the kubeconfig.',
    );
  }
  if (data !== undefined) return decode(data);
  return readNamed(file ?? '', `cluster "${name}": certificate-authority`, readFile);
}

function readProxy(cluster: KubeconfigEntry, name: string): string | undefined {
  const proxy = text(cluster, 'proxy-url');
  if (proxy === undefined || /^https?:\/\//.test(proxy)) return proxy;
  throw new KubeconfigError(
    `cluster "${name}": proxy-url is ${JSON.stringify(proxy)}; only http:// and https:// proxies are supported`,
    'Use an HTTP proxy, or reach the cluster without one.',
  );
}

function readImpersonation(user: KubeconfigEntry): Impersonation | undefined {
  const as = text(user, 'as');
  if (as === undefined) return undefined;
  const groups = user['as-groups'];
  const extra = user['as-user-extra'];
  const lists = isJsonObject(extra)
    ? Object.entries(extra).map(([key, values]) => [key, textsIn(values)] as const)
    : [];
  return {
    user: as,
    groups: textsIn(groups),
    uid: text(user, 'as-uid'),
    extra: Object.fromEntries(lists),
  };
}

function readCredentials(
  user: KubeconfigEntry,
  name: string,
  cluster: Json,
  surroundings: Surroundings,
): CredentialSource {
  if (text(user, 'username') !== undefined || text(user, 'password') !== undefined) {
    throw new KubeconfigError(
      `user "${name}" has a user name and password, which no API server has accepted since Kubernetes 1.19`,
      'Use a token, a client certificate or a credential plug-in.',
    );
  }
  if (user['auth-provider'] !== undefined) {
    throw new KubeconfigError(
      `user "${name}" has an auth-provider, which clients have not supported since Kubernetes 1.26`,
      'Use the provider’s credential plug-in (exec) instead.',
    );
  }
  if (isJsonObject(user['exec']))
    return execCredential(readExecPlugin(user['exec'], name, cluster), surroundings);
  const [cert, key] = [text(user, 'client-certificate-data'), text(user, 'client-key-data')];
  const [certFile, keyFile] = [text(user, 'client-certificate'), text(user, 'client-key')];
  if (((cert ?? certFile) === undefined) !== ((key ?? keyFile) === undefined)) {
    const absent = (cert ?? certFile) === undefined ? 'client-certificate' : 'client-key';
    throw new KubeconfigError(
      `user "${name}": ${absent} is missing; a certificate and its key go together`,
      CORRECT,
    );
  }
  return fileCredential(
    {
      token: text(user, 'token'),
      tokenFile: text(user, 'tokenFile'),
      cert: cert === undefined ? undefined : decode(cert),
      certFile: cert === undefined ? certFile : undefined,
      key: key === undefined ? undefined : decode(key),
      keyFile: key === undefined ? keyFile : undefined,
    },
    surroundings,
  );
}

/** What a credential plug-in may be told about the cluster (ExecCredential's spec.cluster). */
function execCluster(cluster: KubeconfigEntry, server: string, ca: string | undefined): Json {
  const extensions = Array.isArray(cluster['extensions']) ? cluster['extensions'] : [];
  const own: unknown = extensions.find(
    (extension: unknown) => isJsonObject(extension) && extension['name'] === EXEC_EXTENSION,
  );
  const config = isJsonObject(own) ? own['extension'] : undefined;
  return {
    server,
    ...(ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { 'insecure-skip-tls-verify': true } : {}),
    ...pick(cluster, 'tls-server-name'),
    ...pick(cluster, 'proxy-url'),
    ...(config === undefined ? {} : { config }),
  };
}

async function readNamed(path: string, what: string, readFile: Surroundings['readFile']): Promise<string> {
  try {
    return await readFile(path);
  } catch (error) {
    const why = messageOf(error);
    throw new KubeconfigError(`${what} can not be read: ${why}`, 'Check the path in the kubeconfig.', {
      cause: error,
    });
  }
}

const decode = (data: string): string => Buffer.from(data, 'base64').toString('utf8');
const pick = (entry: KubeconfigEntry, field: string): Record<string, string> => {
  const value = text(entry, field);
  return value === undefined ? {} : { [field]: value };
};

/** A text that is not empty; kubectl takes an empty field for an absent one. */
function text(entry: KubeconfigEntry, field: string): string | undefined {
  const value = entry[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
