// Builds dist/: the program (one ESM bundle), the Helm worker, the Helm engine (WebAssembly). Re-run at will: the
// engine is cached by the hash of its sources, the bundles take well under a second.
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bootstrap, root } from './bootstrap.mjs';
import { BUNDLE_OPTIONS } from './bundle-options.mjs';

const cacheHome = () => process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

/** Bundles the TypeScript entries. */
async function bundle() {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: {
      tenantry: 'src/main/tenantry.ts',
      'helm-worker': 'src/helm/engine-worker.ts',
    },
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    ...BUNDLE_OPTIONS,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: 'linked',
    minifySyntax: true,
    legalComments: 'none',
  });
}

/** What drawing PNG takes beside the bundle: the renderer's WebAssembly and a font. */
const PICTURE_FILES = [
  ['@resvg/resvg-wasm/index_bg.wasm', 'resvg.wasm'],
  ['dejavu-fonts-ttf/ttf/DejaVuSans.ttf', 'DejaVuSans.ttf'],
];

/** Builds everything; answers how long each part took, in milliseconds. */
export async function buildAll(report = (line) => process.stdout.write(`${line}\n`)) {
  const distributed = join(root, 'dist');
  rmSync(join(distributed, 'chunks'), { recursive: true, force: true });
  mkdirSync(distributed, { recursive: true });
  const started = performance.now();
  await bundle();
  // A program by itself, so that a link to it on PATH will do (`npm link`).
  chmodSync(join(distributed, 'tenantry.mjs'), 0o755);
  for (const [from, to] of PICTURE_FILES)
    copyFileSync(join(root, 'node_modules', from), join(distributed, to));
  report(`✓ bundle  ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const { buildWeb } = await import('./build-web.mjs');
  const pageStarted = performance.now();
  const bytes = await buildWeb();
  report(
    `✓ page  ${((performance.now() - pageStarted) / 1000).toFixed(1)} s  ${Math.round(bytes / 1024)} KiB packed`,
  );
  const { buildHelmEngine } = await import('./helm-engine/build.mjs');
  const engine = await buildHelmEngine({
    outFile: join(distributed, 'helm-engine.wasm'),
    cacheDir: join(cacheHome(), 'tenantry', 'tools'),
    onProgress: report,
  });
  report(`✓ helm engine  ${(engine.ms / 1000).toFixed(1)} s${engine.cached ? ' (cached)' : ''}`);
  if (!existsSync(join(distributed, 'helm-engine.wasm')))
    throw new Error('dist/helm-engine.wasm was not written');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  bootstrap();
  await buildAll();
}
