import { Argument, Command, Option } from 'commander';
import type { Finding, State } from '../features/isolation/finding.ts';
import { UserError, type CliIo } from './cli-io.ts';
import type { Colors } from './colors.ts';
import { DEFAULT_NAMESPACE, withClient } from './connect.ts';

interface Flags {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly operatorNamespace: string;
  readonly output?: 'json';
  readonly probeNetwork?: true;
}

/** `tenantry isolation`: what keeps one instance apart from others, each control by what is there and what is refused. */
export function isolationCommand(io: CliIo): Command {
  return new Command('isolation')
    .description('Show what isolates an instance, whether it is in force, and try what must be refused')
    .argument('<kind>', 'kind of the service, e.g. WordpressService')
    .argument('<instance>', 'name of the instance')
    .addArgument(new Argument('[namespace]', 'namespace of the instance (default: wherever it is)'))
    .option('-n, --namespace <namespace>', 'the same')
    .option('--probe-network', 'send packets that must not arrive: two small pods for some seconds')
    .option('--operator-namespace <namespace>', 'where the operator runs', DEFAULT_NAMESPACE)
    .addOption(new Option('-o, --output <form>', 'a list unless given').choices(['json']))
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (kind: string, name: string, place: string | undefined, flags: Flags) => {
      const findings = await lookAt(io, { kind, name, namespace: flags.namespace ?? place }, flags);
      io.out(
        flags.output === 'json' ? `${JSON.stringify(findings, undefined, 2)}\n` : listOf(findings, io.colors),
      );
      const broken = findings.filter(({ state }) => state === 'red').map(({ control }) => control);
      if (broken.length > 0)
        throw new UserError(
          `not in force: ${broken.join(', ')}`,
          'Mend them from the top: later ones often follow from earlier ones.',
        );
    });
}

async function lookAt(
  io: CliIo,
  question: { readonly kind: string; readonly name: string; readonly namespace: string | undefined },
  flags: Flags,
): Promise<readonly Finding[]> {
  const { findApplication, releaseOrThrow } = await import('../features/application/find-application.ts');
  const { isolationFacts } = await import('./isolation-facts.ts');
  const { judgeIsolation } = await import('../features/isolation/judge.ts');
  return withClient(io, flags, async ({ client, discovery, namespace }) => {
    const asked = { ...question, contextNamespace: namespace };
    const application = await findApplication(client, await discovery.resources(), asked);
    const release = releaseOrThrow(application);
    const { operatorNamespace } = flags;
    const facts = await isolationFacts(client, { application, release, operatorNamespace });
    if (flags.probeNetwork !== true) return judgeIsolation(facts);
    const { sendPackets } = await import('./isolation-packets.ts');
    const around = { client, clock: io.clock, signal: io.signal };
    const packets = await sendPackets(around, { target: release.namespace, operatorNamespace });
    return judgeIsolation({ ...facts, packets });
  });
}

const marksOf = (colors: Colors): Readonly<Record<State, string>> => ({
  green: colors.green('✓'),
  red: colors.red('✗'),
  unknown: colors.yellow('?'),
  notAsked: colors.dim('–'),
});

function listOf(findings: readonly Finding[], colors: Colors): string {
  const marks = marksOf(colors);
  const width = Math.max(...findings.map(({ control }) => control.length));
  return findings
    .flatMap(({ control, state, message, remedy }) => [
      `${marks[state]} ${control.padEnd(width)}  ${message}\n`,
      ...(remedy === '' ? [] : [`  ${' '.repeat(width)}  ${colors.dim(remedy)}\n`]),
    ])
    .join('');
}
