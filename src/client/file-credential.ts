import { KubeError } from '../kube/kube-error.ts';
import type { Credential, CredentialSource } from './access.ts';
import type { Surroundings } from './surroundings.ts';
import { messageOf } from '../lib/error-text.ts';

/** Milliseconds a file's content is used before it is read again: mounted tokens are renewed minutes before they end. */
const REREAD_MS = 60_000;

/** Where a credential stands: texts as they are, or files that somebody renews. */
export interface CredentialFiles {
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly cert?: string | undefined;
  readonly certFile?: string | undefined;
  readonly key?: string | undefined;
  readonly keyFile?: string | undefined;
}

/**
 * A credential out of files, read again at most once a minute. If a file can not be read any more the last content is
 * used on, because a renewal may be under way; the server decides whether it is still good.
 */
export function fileCredential(
  files: CredentialFiles,
  surroundings: Pick<Surroundings, 'clock' | 'readFile'>,
): CredentialSource {
  const { clock } = surroundings;
  const changes = [files.tokenFile, files.certFile, files.keyFile].some((file) => file !== undefined);
  let known: { readonly credential: Credential; readonly readAt: number } | undefined;
  let reading: Promise<Credential> | undefined;

  const read = async (): Promise<Credential> => {
    try {
      const credential = await readCredential(files, surroundings.readFile);
      known = { credential, readAt: clock.monotonic() };
      return credential;
    } catch (error) {
      if (known === undefined) throw unreadable(error);
      known = { ...known, readAt: clock.monotonic() };
      return known.credential;
    } finally {
      reading = undefined;
    }
  };

  return {
    current: () => {
      if (known !== undefined && (!changes || clock.monotonic() - known.readAt < REREAD_MS)) {
        return Promise.resolve(known.credential);
      }
      reading ??= read();
      return reading;
    },
    refused: () => {
      if (!changes || known === undefined) return false;
      known = { ...known, readAt: -Infinity };
      return true;
    },
  };
}

async function readCredential(
  files: CredentialFiles,
  readFile: Surroundings['readFile'],
): Promise<Credential> {
  const text = async (given: string | undefined, file: string | undefined): Promise<string | undefined> =>
    given ?? (file === undefined ? undefined : await readFile(file));
  const [token, cert, key] = await Promise.all([
    // Of both, the file counts, as with kubectl: it is the one that gets renewed.
    files.tokenFile === undefined ? files.token : readFile(files.tokenFile),
    text(files.cert, files.certFile),
    text(files.key, files.keyFile),
  ]);
  return {
    ...(token === undefined ? {} : { token: token.trim() }),
    ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
  };
}

function unreadable(error: unknown): KubeError {
  const text = messageOf(error);
  return new KubeError('Unauthorized', `the credential can not be read: ${text}`, { cause: error });
}
