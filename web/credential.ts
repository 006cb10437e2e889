/** What somebody signs in with, out of what they have. */
export interface Credential {
  readonly token: string;
  /** Namespace of the kubeconfig's context. */
  readonly namespace: string | undefined;
}

/** Why what was given is no credential, in words for whoever gave it. */
export class NoCredential extends Error {
  override readonly name = 'NoCredential';
}

type Parse = (text: string) => Promise<unknown>;

/**
 * Reads a token, or a kubeconfig's token. It stays in the browser: only the token is ever sent, and to nobody but the console that the page came
 * from. `parseYaml` is given so that it is loaded only where a kubeconfig is YAML.
 */
export async function credentialIn(text: string, parseYaml: Parse): Promise<Credential> {
  const given = text.trim();
  if (given === '') throw new NoCredential('Paste a token, or choose a kubeconfig file.');
  if (/^[\w.~+/-]+=*$/.test(given)) return { token: given, namespace: undefined };
  const config = await parse(given, parseYaml);
  if (!isMap(config) || !Array.isArray(config['users']))
    throw new NoCredential('This is neither a token nor a kubeconfig.');
  return credentialOf(config);
}

async function parse(text: string, parseYaml: Parse): Promise<unknown> {
  try {
    return text.startsWith('{') ? JSON.parse(text) : await parseYaml(text);
  } catch {
    throw new NoCredential('This is neither a token nor a kubeconfig: it can’t be read as YAML or JSON.');
  }
}

function credentialOf(config: Readonly<Record<string, unknown>>): Credential {
  const name = config['current-context'];
  const context = entry(config['contexts'], name, 'context');
  if (context === undefined)
    throw new NoCredential(
      'The kubeconfig has no current context; choose one with kubectl config use-context.',
    );
  const user = entry(config['users'], context['user'], 'user');
  if (user === undefined) throw new NoCredential('The kubeconfig has no user for its current context.');
  const { token, namespace } = { token: user['token'], namespace: context['namespace'] };
  if (typeof token === 'string' && token !== '')
    return { token, namespace: typeof namespace === 'string' && namespace !== '' ? namespace : undefined };
  const way =
    'client-certificate-data' in user || 'client-certificate' in user
      ? 'signs in with a certificate, which a page can’t send on'
      : 'exec' in user || 'auth-provider' in user
        ? 'asks a program for its token, which a page can’t run'
        : 'holds no token';
  throw new NoCredential(`This kubeconfig ${way}. Paste a token instead: kubectl create token <account>.`);
}

function entry(list: unknown, name: unknown, key: string): Readonly<Record<string, unknown>> | undefined {
  if (!Array.isArray(list) || typeof name !== 'string') return undefined;
  const found: unknown = list.find((one) => isMap(one) && one['name'] === name);
  const inner = isMap(found) ? found[key] : undefined;
  return isMap(inner) ? inner : undefined;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
