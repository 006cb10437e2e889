/** What proves who we are, at one moment. */
export interface Credential {
  /** Bearer token. */
  readonly token?: string | undefined;
  /** Client certificate (chain) and its key, PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
}

/** Where credentials come from: fixed, a file that is rewritten, or a plug-in that is run. */
export interface CredentialSource {
  /** The credential to use now; a source caches by itself. Throws KubeError (Unauthorized) if it can't get one. */
  current(): Promise<Credential>;
  /** The server refused the credential: forget it. False if the source can't give another one. */
  refused(): boolean;
}

/** Which identity a call is made as, by the impersonation headers. */
export interface Impersonation {
  readonly user: string;
  readonly groups?: readonly string[] | undefined;
  readonly uid?: string | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Everything needed to reach one API server as one identity: what a kubeconfig's context comes down to. */
export interface ClusterAccess {
  /** Origin and optional path prefix, e.g. `https://10.0.0.1:6443` or `https://proxy/clusters/a`. */
  readonly server: string;
  /** Certificate authorities to trust, PEM; the system's if absent. */
  readonly ca?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean;
  /** Name to expect in the server's certificate instead of the host's. */
  readonly tlsServerName?: string | undefined;
  /** HTTP or HTTPS proxy to go through. */
  readonly proxyUrl?: string | undefined;
  readonly credentials: CredentialSource;
  readonly impersonate?: Impersonation | undefined;
  /** Namespace of the context; `default` where the kubeconfig names none. */
  readonly namespace: string;
}

/** A credential that never changes. */
export function fixedCredential(credential: Credential): CredentialSource {
  return { current: () => Promise.resolve(credential), refused: () => false };
}
