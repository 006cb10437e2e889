import { isJsonObject, type JsonObject } from '../../api/json-schema.ts';
import { kubeconfigSecretOf, type VirtualCluster } from '../../api/virtual-cluster.ts';
import { SECRET } from '../../kube/builtin-kinds.ts';
import { parseYaml } from '../../kube/yaml.ts';
import { UserError } from '../cli-io.ts';
import { findEntry, type KubeFiles } from '../kflex/kube-files.ts';
import { placeOf, type Host } from './host.ts';

/** What leads to a virtual cluster, out of its kubeconfig. */
export interface TenantEntries {
  readonly cluster: JsonObject;
  readonly user: JsonObject;
}

const KEY = 'config';

/** The administrator's way into a virtual cluster, out of its Secret. Throws UserError where that does not hold one. */
export async function readTenantEntries(
  { client }: Pick<Host, 'client'>,
  of: VirtualCluster,
): Promise<TenantEntries> {
  const { namespace, name } = placeOf(of);
  const secret = kubeconfigSecretOf(name);
  const data = (await client.find(SECRET, { namespace, name: secret }))?.data?.[KEY];
  const value = data === undefined ? undefined : parseYaml(Buffer.from(data, 'base64').toString('utf8'));
  if (isJsonObject(value)) {
    const files: KubeFiles = [{ path: '', exists: true, content: value }];
    const context = findEntry(files, 'contexts', textOf(value['current-context']));
    const cluster = findEntry(files, 'clusters', textOf(context?.['cluster']));
    const user = findEntry(files, 'users', textOf(context?.['user']));
    if (cluster !== undefined && user !== undefined) return { cluster, user };
  }
  throw new UserError(
    `Secret ${namespace}/${secret} holds no kubeconfig`,
    `\`kubectl describe virtualcluster ${name} -n ${namespace}\` says what it waits for.`,
  );
}

/** The cluster's entry with another address; a certificate is checked against the name it was made for. */
export function atServer(
  cluster: JsonObject,
  server: string,
  { insecure, tlsServerName }: { readonly insecure?: boolean; readonly tlsServerName?: string },
): JsonObject {
  const { 'insecure-skip-tls-verify': _skip, 'tls-server-name': _name, ...rest } = cluster;
  const { 'certificate-authority-data': authority, ...bare } = rest;
  if (insecure === true) return { ...bare, server, 'insecure-skip-tls-verify': true };
  return {
    ...bare,
    ...(authority === undefined ? {} : { 'certificate-authority-data': authority }),
    server,
    ...(tlsServerName === undefined ? {} : { 'tls-server-name': tlsServerName }),
  };
}

/** A kubeconfig with one context; cluster and user are called as that. */
export function kubeconfigOf(context: string, { cluster, user }: TenantEntries): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: context, cluster }],
    users: [{ name: context, user }],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    'current-context': context,
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
