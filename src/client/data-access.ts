import type { Clock } from '../lib/clock.ts';
import type { ClusterAccess } from './access.ts';
import { contextAccess } from './context-access.ts';
import { parseKubeconfig } from './kubeconfig.ts';
import { KubeconfigError } from './kubeconfig-error.ts';

/**
 * Access by a kubeconfig that came as data, out of a Secret. It can't have this process read files or run programs, whoever wrote it; no
 * proxy of the environment is used. `what` names it in messages. Throws KubeconfigError.
 */
export async function dataAccess(text: string, what: string, clock: Clock): Promise<ClusterAccess> {
  const refuse = (asked: string) => (): Promise<never> =>
    Promise.reject(
      new KubeconfigError(
        `${what} names ${asked}, which only exists where it was written`,
        'Embed certificates, keys and token: `kubectl config view --flatten --minify --raw`.',
      ),
    );
  const config = parseKubeconfig(text, '/');
  for (const [name, user] of config.users) {
    const file = ['client-certificate', 'client-key', 'tokenFile'].find((field) => user[field] !== undefined);
    if (file !== undefined) await refuse(`a file (user "${name}": ${file})`)();
    if (user['exec'] !== undefined) await refuse(`a program (user "${name}": exec)`)();
  }
  return contextAccess(
    config,
    {},
    {
      env: {},
      cwd: '/',
      clock,
      readFile: refuse('a file'),
      run: refuse('a program'),
    },
  );
}
