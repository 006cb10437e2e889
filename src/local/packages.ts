import type { Progress } from '../lib/progress.ts';
import { LocalError } from './local-error.ts';
import { lastLines, type Run } from './run.ts';

/** Debian packages of the node: its runtime, its network and what the node is made with. */
export const NODE_PACKAGES: readonly string[] = [
  'containerd',
  'runc',
  'containernetworking-plugins',
  'iproute2',
  'iptables',
  'nftables',
  'conntrack',
  'ethtool',
  'socat',
  'util-linux',
  'mount',
  'procps',
];

/** What installing needs. */
export interface PackageOptions {
  readonly run: Run;
  readonly progress: Progress;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The effective user: only 0 may install. */
  readonly uid: number;
  readonly signal?: AbortSignal | undefined;
}

/** apt waits this long for another apt to end, in seconds. */
const LOCK_WAIT_SECONDS = 300;

/** Installs those of the Debian packages that are missing; nothing happens, and no root is needed, when none is. */
export async function ensurePackages(names: readonly string[], options: PackageOptions): Promise<void> {
  const missing = await missingPackages(names, options.run);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (options.uid !== 0)
    throw new LocalError(`these packages are missing: ${missing.join(', ')}`, `As root: ${command}`);
  await options.progress.step(`installing ${missing.join(', ')}`, async () => {
    const env = { ...options.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (args: readonly string[]): ReturnType<Run> =>
      options.run('apt-get', ['-q', '-o', `DPkg::Lock::Timeout=${LOCK_WAIT_SECONDS}`, ...args], {
        env,
        signal: options.signal,
      });
    const install = (): ReturnType<Run> => apt(['install', '-y', '--no-install-recommends', ...missing]);
    let result = await install();
    if (result.code === 127) throw noApt(missing);
    // On a fresh machine the lists are not there, or too old to be of use.
    if (result.code !== 0 && (await apt(['update'])).code === 0) result = await install();
    if (result.code !== 0)
      throw new LocalError(
        `installing ${missing.join(', ')} failed: ${lastLines(result.stderr || result.stdout, 4)}`,
        `Try it by hand and read what it says: apt-get update && ${command}`,
      );
  });
}

/** Which of the packages are not installed. On a system without dpkg all of them count as missing. */
export async function missingPackages(names: readonly string[], run: Run): Promise<readonly string[]> {
  const { stdout } = await run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names]);
  const installed = new Set(
    stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !installed.has(name));
}

function noApt(missing: readonly string[]): LocalError {
  return new LocalError(
    `these packages are missing and there is no apt-get to install them: ${missing.join(', ')}`,
    'The local cluster is made for Debian 12 and its relatives; install the like of these by your own package manager.',
  );
}
