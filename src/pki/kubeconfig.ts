/** What one kubeconfig with one context says. All certificates and keys are embedded, so that the file works anywhere. */
export interface KubeconfigRequest {
  /** Where the API server is, as `https://host:port`. */
  readonly server: string;
  /** The authority's certificate as PEM. */
  readonly ca: string;
  readonly user: { readonly cert: string; readonly key: string } | TokenUser;
  /** The name of cluster, user and context alike. */
  readonly name?: string;
  /** Their names where each has its own. */
  readonly names?: { readonly cluster: string; readonly user: string; readonly context: string };
  readonly namespace?: string;
  /** The name the server's certificate is checked against, where it is not the URL's host. */
  readonly tlsServerName?: string;
}

/** A kubeconfig as plain data: for `JSON.stringify`, which is YAML as well. */
export function kubeconfig(request: KubeconfigRequest): Readonly<Record<string, unknown>> {
  const { user, name = 'default' } = request;
  const names = request.names ?? { cluster: name, user: name, context: name };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: names.cluster,
        cluster: {
          server: request.server,
          'certificate-authority-data': base64(request.ca),
          ...(request.tlsServerName === undefined ? {} : { 'tls-server-name': request.tlsServerName }),
        },
      },
    ],
    users: [
      {
        name: names.user,
        user:
          'token' in user
            ? tokenUser(user)
            : { 'client-certificate-data': base64(user.cert), 'client-key-data': base64(user.key) },
      },
    ],
    contexts: [
      {
        name: names.context,
        context: {
          cluster: names.cluster,
          user: names.user,
          ...(request.namespace === undefined ? {} : { namespace: request.namespace }),
        },
      },
    ],
    'current-context': names.context,
  };
}

/** The same as text. It is JSON, laid out; every reader of kubeconfigs takes it, since YAML contains JSON. */
export function kubeconfigText(request: KubeconfigRequest): string {
  return `${JSON.stringify(kubeconfig(request), null, 2)}\n`;
}

/** Who has a token, and for whom he speaks. */
interface TokenUser {
  readonly token: string;
  readonly as?: string;
  readonly asGroups?: readonly string[];
}

function tokenUser({ token, as, asGroups = [] }: TokenUser): Readonly<Record<string, unknown>> {
  return {
    token,
    ...(as === undefined ? {} : { as }),
    ...(asGroups.length === 0 ? {} : { 'as-groups': asGroups }),
  };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
