import { Command } from 'commander';
import type { Client } from '../client/client.ts';
import type { Side } from '../features/application/change-traffic.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';

/** `tenantry traffic …`, also `kubectl allow network traffic` and `kubectl deny network traffic`. */
export function trafficCommand(io: CliIo): Command {
  return new Command('traffic')
    .description('Network traffic between two instances')
    .addCommand(change(io, 'allow', 'Let two instances reach each other'))
    .addCommand(change(io, 'deny', 'Close what was allowed between two instances'));
}

function change(io: CliIo, name: 'allow' | 'deny', description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<namespace>', 'namespace that holds the one instance')
    .argument('<other>', 'namespace that holds the other instance')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (one: string, other: string, flags: { readonly kubeconfig?: string }) => {
      const { findSide } = await import('../features/application/change-traffic.ts');
      if (one === other)
        throw new UserError(`${one} is named twice`, 'Pods of one instance reach each other anyway.');
      await withClient(io, flags, async ({ client, discovery, namespace }) => {
        const resources = await discovery.resources();
        const first = await findSide(client, resources, one, namespace);
        const second = await findSide(client, resources, other, namespace);
        await agreeOn(io, client, [first, second], name === 'allow');
      });
    });
}

const POLICY = 'restrict-cross-ns-traffic';
/** Milliseconds until the operator has written a policy; it takes less than one second where it is not busy. */
const IN_FORCE_MS = 30_000;
const LOOK_MS = 200;

/** One side's share: what it shall say of the other, and whether it says it already. */
interface Half {
  readonly side: Side;
  readonly other: Side;
  readonly done: boolean;
}

async function agreeOn(
  io: CliIo,
  client: Client,
  [first, second]: readonly [Side, Side],
  agree: boolean,
): Promise<void> {
  const { agrees, names, writeAgreement } = await import('../features/application/change-traffic.ts');
  const halves: readonly Half[] = [
    { side: first, other: second },
    { side: second, other: first },
  ].map(({ side, other }) => ({ side, other, done: agree ? agrees(side, other) : !names(side, other) }));
  const open = halves.filter(({ done }) => !done);
  // Both are asked before the first is written: nothing is half done where only one of them may be changed.
  for (const dryRun of [true, false])
    for (const { side, other } of open) await writeAgreement(client, side, other, { agree, dryRun });
  for (const half of halves) await report(io, client, half, agree);
}

async function report(io: CliIo, client: Client, { side, other, done }: Half, agree: boolean): Promise<void> {
  const [from, to] = [other.target, side.target];
  io.out(
    `${agree ? 'Adding' : 'Removing'} allowed ingress for namespace '${from}' in NetworkPolicy '${POLICY}' of namespace '${to}'.\n`,
  );
  if (done) {
    io.out(
      agree
        ? `Namespace '${from}' is already allowed in namespace '${to}'.\n`
        : `No ingress rule for namespace '${from}' found in namespace '${to}'.\n`,
    );
    return;
  }
  await untilInForce(io, client, { side, other, done }, agree);
  io.out(`networkpolicy.networking.k8s.io/${POLICY} patched\n`);
}

async function untilInForce(io: CliIo, client: Client, { side, other }: Half, agree: boolean): Promise<void> {
  const { isInForce } = await import('../features/application/change-traffic.ts');
  const { waitUntil } = await import('../lib/wait-until.ts');
  // Undefined there: who may not see policies can't wait for one.
  const seen = await waitUntil(
    async () => ((await isInForce(client, side, other, agree)) === false ? undefined : true),
    { clock: io.clock, within: IN_FORCE_MS, every: LOOK_MS, signal: io.signal },
  );
  if (seen === undefined)
    throw new UserError(
      `the policy in namespace ${side.target} is not as agreed after ${IN_FORCE_MS / 1000} s`,
      `It will be once the operator gets to it: \`tenantry doctor\`, and \`kubectl describe ${side.kind.plural}\` in namespace ${side.instance.metadata.namespace}.`,
    );
}
