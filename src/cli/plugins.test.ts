import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../lib/clock.ts';
import { silentProgress } from '../lib/progress.ts';
import { appCommand } from './app.ts';
import { chartCommand } from './chart.ts';
import type { CliIo } from './cli-io.ts';
import { NO_COLORS } from './colors.ts';
import { connectionsCommand } from './connections.ts';
import { grantPermissionCommand } from './grant-permission.ts';
import { licenseCommand } from './license.ts';
import { manCommand } from './man.ts';
import { pluginsCommand } from './plugins-command.ts';
import { completionFile, describePlugins, PLUGINS, translateWords, typedName } from './plugins.ts';
import { retrieveCommand } from './retrieve-kubeconfig.ts';
import { showCommand } from './show-permissions.ts';
import { trafficCommand } from './traffic.ts';

describe('translateWords', () => {
  it.each([
    ['tenantry', ['status'], ['status']],
    ['kubectl-appresources', ['Shop', 's1'], ['app', 'resources', 'Shop', 's1']],
    ['kubectl-upload-chart', ['a.tgz', 'k'], ['chart', 'upload', '--plugin', 'a.tgz', 'k']],
    // As pages on the web have it: an editor made the dashes long.
    ['kubectl-appresources', ['S', 's', '–k', 'f'], ['app', 'resources', 'S', 's', '-k', 'f']],
    ['tenantry', ['status', '—kubeconfig=f'], ['status', '--kubeconfig=f']],
    ['kubectl-man', ['–', '—', '––', '-–k', 'a–k'], ['man', '–', '—', '––', '-–k', 'a–k']],
    ['kubectl_complete-man', ['Sh'], ['__complete', 'man', 'Sh']],
    [
      'provider-kubeconfig',
      ['create', 'acme', '–c', 'bob'],
      ['provider-kubeconfig', 'create', 'acme', '-c', 'bob'],
    ],
    ['tenantry', ['__complete', '–'], ['__complete', '–']],
  ])('takes %s %j', (program, args, words) => {
    expect(translateWords(program, args)).toEqual(words);
  });

  it('knows what was typed', () => {
    expect(typedName('kubectl-upload-chart')).toBe('kubectl upload chart');
    expect(typedName('provider-kubeconfig')).toBe('provider-kubeconfig');
    expect(typedName('tenantry')).toBeUndefined();
  });

  it('refuses a link that stands for nothing', () => {
    expect(() => translateWords('kubectl-retry', [])).toThrow('no plug-in called kubectl-retry');
  });
});

describe('the plug-ins', () => {
  const io: CliIo = {
    out: () => undefined,
    err: () => undefined,
    env: {},
    cwd: '/',
    clock: systemClock,
    colors: NO_COLORS,
    progress: silentProgress,
    signal: new AbortController().signal,
  };
  const program = new Command('tenantry');
  const makers = [
    appCommand,
    chartCommand,
    connectionsCommand,
    grantPermissionCommand,
    licenseCommand,
    manCommand,
    pluginsCommand,
    retrieveCommand,
    showCommand,
    trafficCommand,
  ];
  for (const make of makers) program.addCommand(make(io));

  it.each(PLUGINS)('$file stands for words that there are', ({ words }) => {
    const end = words
      .filter((word) => !word.startsWith('-'))
      .reduce<Command | undefined>(
        (command, word) => command?.commands.find((one) => one.name() === word),
        program,
      );

    expect(end?.commands).toEqual([]);
  });

  it('are found by kubectl under the words that are listed', () => {
    for (const { file, typed } of PLUGINS)
      expect(file.replaceAll('-', ' ')).toBe(`kubectl ${typed.split(' <')[0]}`);
    expect(completionFile({ file: 'kubectl-man', typed: '', words: [], about: '' })).toBe(
      'kubectl_complete-man',
    );
  });

  it('are listed as KubePlus lists them', () => {
    const text = describePlugins(PLUGINS);

    expect(text).toMatch(/^NAME\n {8}kubectl kubeplus commands\n\nSYNOPSIS\n {8}kubectl man <Kind>\n/);
    expect(text).toContain('        kubectl allow network traffic <namespace> <namespace>\n');
    expect(text).toMatch(/\nDESCRIPTION\n/);
  });
});
