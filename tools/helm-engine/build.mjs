// Compiles the Helm engine (the Go module beside this file) to WebAssembly. The result is cached by the hash of its
// sources, so that a second build only copies a file.
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * `c-shared` makes a reactor (exported functions, no main); without symbols the file is a fifth smaller. Templates see the
 * version as `.Capabilities.HelmVersion`: the one of go.mod.
 */
const ARGUMENTS = [
  'build',
  '-buildmode=c-shared',
  '-trimpath',
  '-buildvcs=false',
  '-mod=readonly',
  '-ldflags=-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1',
];
const TARGET = { GOOS: 'wasip1', GOARCH: 'wasm', CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };

/** Hash of everything that decides what the compiler gives: sources, locked modules, flags. */
function sourceHash(folder = here) {
  const hash = createHash('sha256').update(JSON.stringify([ARGUMENTS, TARGET]));
  const names = readdirSync(folder, { recursive: true })
    .map((name) => relative(folder, join(folder, name)).split(sep).join('/'))
    .filter((name) => /(^|\/)go\.(mod|sum)$|\.go$/.test(name) && !name.endsWith('_test.go'))
    .sort();
  for (const name of names)
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(folder, name)))
      .update('\0');
  return hash.digest('hex');
}

/** Runs `go`; its output belongs to the error only, since a build that works says nothing worth reading. */
function go(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn('go', args, {
      cwd: here,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => (said += chunk));
    child.stderr.on('data', (chunk) => (said += chunk));
    child.on('error', (error) =>
      reject(
        error.code === 'ENOENT'
          ? new Error(
              'Go is not installed: the Helm engine is compiled by it. Install Go 1.26, or 1.21 and newer with access to the Go module proxy.',
            )
          : error,
      ),
    );
    child.on('close', (code) =>
      code === 0
        ? resolve()
        : reject(
            new Error(
              `the Helm engine does not compile (go ${args[0]} ended with ${code}):\n${said.trim()}\n` +
                'Check that the Go module proxy can be reached (go env GOPROXY) and that the disk is not full.',
            ),
          ),
    );
  });
}

/**
 * Writes the engine to `outFile`; answers whether it came from the cache and how many milliseconds it took. `cacheDir`
 * gets a folder `helm-engine` with one file for each state of the sources, of which the last two are kept.
 */
export async function buildHelmEngine({ outFile, cacheDir, onProgress = () => undefined }) {
  const started = performance.now();
  const folder = join(cacheDir, 'helm-engine');
  const cached = join(folder, `${sourceHash()}.wasm`);
  const found = existsSync(cached);
  if (!found) {
    onProgress('… helm engine: compiling Helm to WebAssembly (about 90 s the first time)');
    mkdirSync(folder, { recursive: true });
    // Two builds at once write two files and rename each into place: no lock, no half-written file.
    const draft = join(folder, `draft-${randomUUID()}.wasm`);
    try {
      await go([...ARGUMENTS, '-o', draft, '.'], TARGET);
      renameSync(draft, cached);
    } finally {
      rmSync(draft, { force: true });
    }
    forgetOld(folder);
  }
  mkdirSync(dirname(outFile), { recursive: true });
  const copy = `${outFile}.${randomUUID()}`;
  copyFileSync(cached, copy);
  renameSync(copy, outFile);
  return { cached: found, ms: performance.now() - started };
}

function forgetOld(folder) {
  const files = readdirSync(folder)
    .filter((name) => /^[0-9a-f]{64}\.wasm$/.test(name))
    .map((name) => ({ path: join(folder, name), time: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  for (const { path } of files.slice(2)) rmSync(path, { force: true });
}
