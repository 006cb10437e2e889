// Packs kubectl's plug-ins into one archive, unpacked and used as KubePlus's: `tar -xf …; export PATH=$PWD/plugins:$PATH`. Needs dist/ and Node on the
// user's machine. The Helm engine stays out: no plug-in renders charts.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root } from './bootstrap.mjs';

const [, , out = join(root, 'dist', 'kubeplus-kubectl-plugins.tar.gz')] = process.argv;
const dist = join(root, 'dist');
const folder = mkdtempSync(join(tmpdir(), 'plugins-'));
try {
  const program = join(folder, 'plugins', 'tenantry');
  mkdirSync(join(program, 'dist'), { recursive: true });
  for (const name of readdirSync(dist).filter((one) =>
    /^(?:chunks|tenantry\.mjs|resvg\.wasm|DejaVuSans\.ttf)$/.test(one),
  ))
    cpSync(join(dist, name), join(program, 'dist', name), {
      recursive: true,
      filter: (path) => !path.endsWith('.map'),
    });
  // By these the program finds its own folder and version.
  copyFileSync(join(root, 'package.json'), join(program, 'package.json'));
  copyFileSync(join(root, 'LICENSE'), join(program, 'LICENSE'));
  cpSync(join(root, 'deploy', 'chart'), join(program, 'deploy', 'chart'), { recursive: true });
  for (const file of await pluginFiles())
    symlinkSync(join('tenantry', 'dist', 'tenantry.mjs'), join(folder, 'plugins', file));
  // The same bytes for the same content.
  const order = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  const tar = spawnSync('tar', ['-C', folder, ...order, '-I', 'gzip -n', '-cf', resolve(out), 'plugins'], {
    stdio: 'inherit',
  });
  if (tar.status !== 0) fail('tar failed', 'Its message is above.');
  process.stdout.write(`${resolve(out)}\n`);
} finally {
  rmSync(folder, { recursive: true });
}

/** The names of the links, from the table that the program itself uses. */
async function pluginFiles() {
  const { build } = await import('esbuild');
  const bundled = join(folder, 'names.mjs');
  await build({
    entryPoints: [join(root, 'src', 'cli', 'plugins.ts')],
    outfile: bundled,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
  });
  const { PLUGINS, completionFile } = await import(pathToFileURL(bundled).href);
  return PLUGINS.flatMap((plugin) => [plugin.file, completionFile(plugin)]);
}
