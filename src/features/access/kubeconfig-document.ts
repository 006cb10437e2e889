/** What goes into the file that a provider or consumer is given. */
export interface KubeconfigParts {
  readonly server: string;
  /** The server's authority, PEM; undefined: the authorities that the system trusts. */
  readonly ca?: string | undefined;
  /** As KubePlus wrote it: the server is not verified at all. */
  readonly insecure?: boolean | undefined;
  /** The name to expect in the server's certificate instead of the URL's host. */
  readonly tlsServerName?: string | undefined;
  /** Of cluster, user and context alike, as KubePlus named them after the account. */
  readonly name: string;
  readonly user: string;
  readonly namespace: string;
  readonly token: string;
}

/** The file in KubePlus's shape, with the key `insecure-skip-tls-verify` that scripts look at: present, and false. */
export function kubeconfigDocument(parts: KubeconfigParts): string {
  const { server, insecure = false, tlsServerName, name, user, namespace, token } = parts;
  const ca = insecure ? undefined : parts.ca;
  const cluster = {
    server,
    'insecure-skip-tls-verify': insecure,
    ...(ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
    ...(tlsServerName === undefined ? {} : { 'tls-server-name': tlsServerName }),
  };
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name, context: { cluster: name, user, namespace } }],
    'current-context': name,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The address as KubePlus takes it: `https://` is put before what has no scheme. */
export function serverUrl(text: string): string {
  return text.includes('https') ? text : `https://${text}`;
}
