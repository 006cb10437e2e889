import { Command } from 'commander';
import { join } from 'node:path';
import type { CliIo } from '../cli/cli-io.ts';
import { connect } from '../cli/connect.ts';
import { listenError } from '../cli/listen-error.ts';
import { packageRoot } from '../cli/package-root.ts';
import { WrongOption } from '../lib/wrong-option.ts';

/** The port of KubePlus's page. */
const PORT = 5000;

interface Flags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly port: number;
  readonly bind: string;
}

/** `tenantry console`: the page on which consumers create and look at instances, until it is stopped. */
export function consoleCommand(io: CliIo): Command {
  return new Command('console')
    .description('Serve the web page on which consumers create, see, change and delete instances')
    .option('-p, --port <port>', 'port to listen on', portOf, PORT)
    .option(
      '--bind <address>',
      'address to listen on, * for all; another than this machine’s own needs TLS in front',
      '127.0.0.1',
    )
    .option(
      '-k, --kubeconfig <file>',
      'kubeconfig that says where the cluster is; its credentials are not used',
    )
    .option('--context <name>', 'context of the kubeconfig')
    .action((flags: Flags) => serve(io, flags));
}

async function serve(io: CliIo, flags: Flags): Promise<void> {
  const [{ startConsole }, { readPageFiles }, { createLog }] = await Promise.all([
    import('../console/server.ts'),
    import('../console/page-files.ts'),
    import('../runtime/log.ts'),
  ]);
  const { access, client } = await connect(io, flags);
  await client.close();
  const log = createLog({ level: 'info', clock: io.clock, write: io.err });
  const bind = flags.bind === '*' ? undefined : flags.bind;
  const files = await readPageFiles(join(packageRoot(), 'dist', 'web'));
  const running = await startConsole({ ...flags, host: bind, access, files, clock: io.clock, log }).catch(
    (error: unknown) => {
      throw listenError(error, flags);
    },
  );
  const host = bind === undefined ? 'localhost' : bind.includes(':') ? `[${bind}]` : bind;
  io.out(`The console is at http://${host}:${running.port}/ for ${access.server}; Ctrl-C ends it.\n`);
  await new Promise<void>((resolve) => {
    if (io.signal.aborted) resolve();
    else io.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await running.close();
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new WrongOption(`--port ${text} is no port`, 'Give a number from 0 (any free one) to 65535.');
  return port;
}
