import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import { root } from '../local-programs.ts';

/** Lower than any that was released: versions tell each other apart by it, as those of two releases do. */
const EARLIER_VERSION = '0.0.1';

/** An earlier state of this repository, built. */
export interface EarlierBuild {
  readonly commit: string;
  /** Its subject. */
  readonly subject: string;
  /** What it says that its version is. */
  readonly version: string;
  readonly folder: string;
  readonly program: string;
  remove(): void;
}

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();

/** Checks out and builds what `from` names: by default the newest tag, or the commit before this one where there is none. */
export function buildEarlier(from: string | undefined): EarlierBuild {
  const commit = git('rev-parse', '--verify', `${from ?? earlierCommit()}^{commit}`);
  const place = mkdtempSync(join(tmpdir(), 'tenantry-earlier-'));
  const folder = join(place, 'checkout');
  const remove = (): void => rmSync(place, { recursive: true, force: true });
  try {
    mkdirSync(folder);
    const archive = join(place, 'checkout.tar');
    git('archive', '-o', archive, commit);
    execFileSync('tar', ['-xf', archive, '-C', folder]);
    sharePackages(folder);
    const manifest = join(folder, 'package.json');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace(/"version": "[^"]*"/, `"version": "${EARLIER_VERSION}"`));
    // Not by its own command, which insists on packages installed for it.
    const build = `import { buildAll } from './tools/build.mjs'; await buildAll();`;
    execFileSync(process.execPath, ['--input-type=module', '-e', build], { cwd: folder, stdio: 'inherit' });
  } catch (error) {
    remove();
    throw error;
  }
  return {
    commit,
    subject: git('log', '-1', '--format=%s', commit),
    version: EARLIER_VERSION,
    folder,
    program: join(folder, 'dist/tenantry.mjs'),
    remove,
  };
}

/** The newest release, else the state before this one. */
function earlierCommit(): string {
  const [tag] = git('tag', '--merged', 'HEAD^', '--sort=-creatordate').split('\n');
  return tag === undefined || tag === '' ? 'HEAD^' : tag;
}

/** Packages that are the same are not installed twice. */
function sharePackages(folder: string): void {
  const ours = join(root, 'node_modules');
  const shared = isDeepStrictEqual(lockedPackages(folder), lockedPackages(root));
  if (shared) symlinkSync(ours, join(folder, 'node_modules'));
  else execFileSync('npm', ['ci', '--loglevel=error'], { cwd: folder, stdio: 'inherit' });
}

/** Everything that a lock file says of packages but our own entry, which has the version and the programs' names. */
function lockedPackages(folder: string): object {
  // True by npm's contract.
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<
      Record<string, { readonly dependencies?: unknown; readonly devDependencies?: unknown }>
    >;
  };
  const { ['']: own, ...packages } = lock.packages;
  return { packages, wanted: [own?.dependencies, own?.devDependencies] };
}
