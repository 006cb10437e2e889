import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { appCommand } from '../../src/cli/app.ts';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { NO_COLORS } from '../../src/cli/colors.ts';
import { connectionsCommand } from '../../src/cli/connections.ts';
import { explainError } from '../../src/cli/explain-error.ts';
import { isolationCommand } from '../../src/cli/isolation.ts';
import { licenseCommand } from '../../src/cli/license.ts';
import { manCommand } from '../../src/cli/man.ts';
import { translateWords } from '../../src/cli/plugins.ts';
import { historyCommand, rollbackCommand } from '../../src/cli/rollback.ts';
import { statusCommand } from '../../src/cli/status.ts';
import { tenantCommand } from '../../src/cli/tenant.ts';
import { trafficCommand } from '../../src/cli/traffic.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentProgress } from '../../src/lib/progress.ts';

/** What a plug-in did. */
export interface Typed {
  readonly out: string;
  readonly err: string;
  readonly failed: boolean;
}

/** Types plug-ins as a user would, with a kubeconfig for a server in memory. */
export interface PluginRig {
  readonly folder: string;
  /** `kubectl-appresources ShopService shop1`; the kubeconfig is added. */
  type(...words: readonly string[]): Promise<Typed>;
  close(): Promise<void>;
}

/** A user of the server at this URL. */
export async function startPlugins(
  url: string,
  user: { readonly token: string; readonly namespace: string },
): Promise<PluginRig> {
  const folder = await mkdtemp(join(tmpdir(), 'plugins-'));
  const kubeconfig = join(folder, 'kubeconfig.json');
  const config = {
    'current-context': 'c',
    clusters: [{ name: 'k', cluster: { server: url } }],
    users: [{ name: 'u', user: { token: user.token } }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: user.namespace } }],
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  return {
    folder,
    type: (program = '', ...words) =>
      typeWords(folder, translateWords(program, [...words, '–k', kubeconfig])),
    close: () => rm(folder, { recursive: true }),
  };
}

async function typeWords(folder: string, words: readonly string[]): Promise<Typed> {
  let out = '';
  let err = '';
  const io: CliIo = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    env: { HOME: folder },
    cwd: folder,
    clock: systemClock,
    colors: NO_COLORS,
    progress: silentProgress,
    signal: new AbortController().signal,
  };
  const program = new Command('tenantry')
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err });
  for (const make of [
    appCommand,
    connectionsCommand,
    isolationCommand,
    licenseCommand,
    manCommand,
    historyCommand,
    rollbackCommand,
    statusCommand,
    tenantCommand,
    trafficCommand,
  ]) {
    const command = make(io);
    for (const one of [command, ...command.commands]) one.copyInheritedSettings(program);
    program.addCommand(command);
  }
  try {
    await program.parseAsync([...words], { from: 'user' });
    return { out, err, failed: false };
  } catch (error) {
    return { out, err: `${err}${explainError(error).message}\n`, failed: true };
  }
}
