import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Account } from '../features/access/account.ts';
import { endlessToken, requestToken, secondsOfLife } from '../features/access/issue-token.ts';
import { kubeconfigDocument, serverUrl } from '../features/access/kubeconfig-document.ts';
import { UserError, type CliIo } from './cli-io.ts';
import type { Connection } from './connect.ts';

/** How long a token lives unless `--valid-for` says otherwise: a month, as long as a person remembers to renew it. */
export const DEFAULT_LIFE = '30d';

/** What the command lines that give out a kubeconfig may say of it. */
export interface KubeconfigFlags {
  readonly apiserverurl?: string;
  readonly clustername?: string;
  readonly validFor: string;
  readonly endless?: boolean;
  readonly insecureSkipTlsVerify?: boolean;
  readonly certificateAuthority?: string;
}

/** The kubeconfig of an account with a token of now, and until when that is valid; undefined: for ever. Throws KubeError. */
export async function accountKubeconfig(
  io: CliIo,
  { client, access }: Pick<Connection, 'client' | 'access'>,
  account: Account,
  flags: KubeconfigFlags,
): Promise<{ readonly document: string; readonly until: string | undefined }> {
  const authority = flags.certificateAuthority;
  const ca = authority === undefined ? access.ca : await readText(io, authority, '--certificate-authority');
  const { token, until } =
    flags.endless === true
      ? await endlessToken(client, account, io)
      : await requestToken(client, account, secondsOfLife(flags.validFor));
  const url = flags.apiserverurl;
  const document = kubeconfigDocument({
    server: url === undefined ? access.server : serverUrl(url),
    ca,
    insecure: flags.insecureSkipTlsVerify,
    tlsServerName: url === undefined ? access.tlsServerName : undefined,
    name: flags.clustername ?? account.name,
    user: account.name,
    namespace: account.namespace,
    token,
  });
  return { document, until };
}

/** The text of a file that a flag names, or a UserError. */
export async function readText(io: CliIo, file: string, flag: string): Promise<string> {
  try {
    return await readFile(resolve(io.cwd, file), 'utf8');
  } catch (error) {
    throw new UserError(`${flag}: ${file} can't be read`, 'Check the path.', { cause: error });
  }
}
