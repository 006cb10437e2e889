import { KubeError } from '../kube/kube-error.ts';
import type { Json } from '../kube/object.ts';
import type { Credential, CredentialSource } from './access.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import type { ExecResult, Surroundings } from './surroundings.ts';
import { isMap } from '../lib/narrow.ts';

/** A credential plug-in as the kubeconfig names it. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly installHint: string;
  /** What the plug-in is told about the cluster, if it asked for it. */
  readonly cluster?: Json | undefined;
}

const API_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
/** Milliseconds before its end at which a credential is renewed, so that no call sets out with one that ends on the way. */
const RENEW_BEFORE_MS = 30_000;
/** Characters of a plug-in's own words shown in our message. */
const SHOWN_TEXT = 300;

/** Reads the `exec` field of a kubeconfig user. Throws KubeconfigError for what we can't run. */
export function readExecPlugin(
  exec: Readonly<Record<string, Json>>,
  user: string,
  cluster: Json,
): ExecPlugin {
  const { apiVersion, command, args, env, interactiveMode, installHint, provideClusterInfo } = exec;
  const where = `user "${user}": exec`;
  if (typeof command !== 'string' || command === '') {
    throw new KubeconfigError(`${where}.command is missing`, 'Name the plug-in’s command in the kubeconfig.');
  }
  if (typeof apiVersion !== 'string' || !API_VERSIONS.includes(apiVersion)) {
    throw new KubeconfigError(
      `${where}.apiVersion is ${JSON.stringify(apiVersion ?? null)}; it must be ${API_VERSIONS.join(' or ')}`,
      `Update ${command} and the kubeconfig it wrote.`,
    );
  }
  if (interactiveMode === 'Always') {
    throw new KubeconfigError(
      `${where}: ${command} wants to ask questions (interactiveMode Always), which is not possible here`,
      'Log in with kubectl first and use a kubeconfig with a token, or a plug-in that needs no answers.',
    );
  }
  return {
    apiVersion,
    command,
    args: Array.isArray(args) ? args.map(String) : [],
    env: Array.isArray(env) ? env.filter(isVariable) : [],
    installHint: typeof installHint === 'string' ? installHint : '',
    ...(provideClusterInfo === true ? { cluster } : {}),
  };
}

/** Runs the plug-in when a credential is needed and none is known, or the known one is about to end. */
export function execCredential(
  plugin: ExecPlugin,
  surroundings: Pick<Surroundings, 'clock' | 'env' | 'run'>,
): CredentialSource {
  let known: { readonly credential: Credential; readonly endsAt: number } | undefined;
  let running: Promise<Credential> | undefined;

  const renew = async (): Promise<Credential> => {
    try {
      known = await runPlugin(plugin, surroundings);
      return known.credential;
    } finally {
      running = undefined;
    }
  };
  return {
    current: () => {
      if (known !== undefined && surroundings.clock.now() < known.endsAt - RENEW_BEFORE_MS) {
        return Promise.resolve(known.credential);
      }
      // Many calls may find it ended at once: one run serves them all.
      running ??= renew();
      return running;
    },
    refused: () => {
      const had = known !== undefined;
      known = undefined;
      return had;
    },
  };
}

async function runPlugin(
  plugin: ExecPlugin,
  { env, run }: Pick<Surroundings, 'env' | 'run'>,
): Promise<{ readonly credential: Credential; readonly endsAt: number }> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.cluster === undefined ? {} : { cluster: plugin.cluster }) },
  };
  const own = Object.fromEntries(plugin.env.map(({ name, value }) => [name, value]));
  const result = await run({
    command: plugin.command,
    args: plugin.args,
    env: { ...env, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
  });
  if (result.code !== 0) throw failed(plugin, result);
  return readCredential(plugin, result.stdout);
}

function failed({ command, installHint }: ExecPlugin, { code, failure, stderr }: ExecResult): KubeError {
  const how =
    code === undefined ? `could not be run (${failure ?? 'unknown'})` : `ended with exit code ${code}`;
  const words = stderr.trim().slice(0, SHOWN_TEXT);
  const hint = failure === 'ENOENT' && installHint !== '' ? `; ${installHint.trim()}` : '';
  return new KubeError(
    'Unauthorized',
    `the credential plug-in ${command} ${how}${words === '' ? '' : `: ${words}`}${hint}`,
  );
}

function readCredential(
  plugin: ExecPlugin,
  stdout: string,
): { readonly credential: Credential; readonly endsAt: number } {
  const refuse = (why: string): KubeError =>
    new KubeError('Unauthorized', `the credential plug-in ${plugin.command} ${why}`);
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    // Its output is not shown: it may hold a secret.
    throw refuse('printed something that is not JSON');
  }
  if (!isMap(answer) || answer['kind'] !== 'ExecCredential') throw refuse('printed no ExecCredential');
  if (answer['apiVersion'] !== plugin.apiVersion) {
    throw refuse(`answered in ${String(answer['apiVersion'])}, asked was ${plugin.apiVersion}`);
  }
  const status = isMap(answer['status']) ? answer['status'] : {};
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
  const credential: Credential = {
    ...(typeof token === 'string' && token !== '' ? { token } : {}),
    ...(typeof cert === 'string' && typeof key === 'string' ? { certificate: { cert, key } } : {}),
  };
  if (credential.token === undefined && credential.certificate === undefined) {
    throw refuse('gave neither a token nor a certificate with its key');
  }
  const ends = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Infinity;
  return { credential, endsAt: Number.isNaN(ends) ? Infinity : ends };
}

function isVariable(value: unknown): value is { readonly name: string; readonly value: string } {
  return isMap(value) && typeof value['name'] === 'string' && typeof value['value'] === 'string';
}
