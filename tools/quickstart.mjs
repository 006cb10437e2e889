// `npm run quickstart`: packages, build, then the program's own `quickstart` command with all arguments.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { bootstrap, root } from './bootstrap.mjs';

bootstrap();
const { buildAll } = await import('./build.mjs');
await buildAll();
const child = spawn(
  process.execPath,
  [join(root, 'dist/tenantry.mjs'), 'quickstart', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 0 : 1)));
