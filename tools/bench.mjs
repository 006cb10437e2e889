// `npm run bench`: see tools/bench.ts. Builds first, since it measures what is shipped.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { bootstrap, root } from './bootstrap.mjs';

bootstrap();
const { buildAll } = await import('./build.mjs');
await buildAll(() => undefined);
const result = spawnSync(
  process.execPath,
  [join(root, 'node_modules/tsx/dist/cli.mjs'), join(root, 'tools/bench.ts'), ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
);
process.exit(result.status ?? 1);
