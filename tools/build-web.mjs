// Builds the console's page into dist/web: plain files that src/console serves as they are.
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './bootstrap.mjs';

/** Bytes, packed, that the page may have before it shows anything: what a phone loads in a second on a slow line. */
const MAX_FIRST_LOAD = 90 * 1024;

/** Licences of what ends up in the page. */
const BUNDLED = ['react', 'react-dom', 'scheduler', 'yaml'];

/** Builds the page; fails where it has grown too large. Answers its packed size. */
export async function buildWeb(outDir = join(root, 'dist', 'web')) {
  const { build } = await import('vite');
  await build({
    configFile: false,
    root: join(root, 'web'),
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic' } },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      // Nothing inline: the page's policy allows no script and no picture but files of its own.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
    },
  });
  writeFileSync(join(outDir, 'licences.txt'), licences());
  cpSync(join(root, 'LICENSE'), join(outDir, 'licence.txt'));
  const files = readdirSync(join(outDir, 'assets')).filter((name) => /^index-.*\.(?:js|css)$/.test(name));
  const bytes = files.reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(outDir, 'assets', name))).length,
    0,
  );
  if (bytes > MAX_FIRST_LOAD)
    throw new Error(`the console's page has ${bytes} bytes packed, ${MAX_FIRST_LOAD} are allowed`);
  return bytes;
}

function licences() {
  return BUNDLED.map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8')}\n`;
  }).join('\n');
}
