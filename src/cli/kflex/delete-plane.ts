import { Command } from 'commander';
import { CONTROL_PLANE, namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import { NAMESPACE } from '../../kube/builtin-kinds.ts';
import { findCondition } from '../../kube/conditions.ts';
import { waitUntil } from '../../lib/wait-until.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { secondsOf } from '../option-checks.ts';
import { contextsOfPlane, deleteContext } from './contexts.ts';
import { DEFAULT_WAIT_SECONDS } from './create-plane.ts';
import { editKubeconfig } from './edit-kubeconfig.ts';
import {
  filesAround,
  tellingBeside,
  withHosting,
  type Hosting,
  type KflexFlags,
} from './hosting-connection.ts';

/** Milliseconds between two looks whether it is gone. */
const LOOK_EVERY_MS = 500;

interface DeleteFlags extends KflexFlags {
  readonly wait: boolean;
  readonly timeout: number;
}

/** `kflex delete`: a control plane, waited for until nothing of it is left, and every context that leads to it. */
export function deleteCommand(io: CliIo): Command {
  return new Command('delete')
    .description('Delete a control plane and the contexts that lead to it')
    .argument('<name>', 'name of the control plane')
    .option('--no-wait', 'do not wait until it is gone')
    .option('--timeout <seconds>', 'how long to wait', secondsOf, DEFAULT_WAIT_SECONDS)
    .action(async (name: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<DeleteFlags>();
      await remove(tellingBeside(io, flags), name, flags);
    });
}

async function remove(io: CliIo, name: string, flags: DeleteFlags): Promise<void> {
  await withHosting(io, flags, async (hosting) => {
    const plane = await hosting.client.find(CONTROL_PLANE, { name });
    if (plane !== undefined) {
      const { uid } = plane.metadata;
      await hosting.client.delete(CONTROL_PLANE, { name }, uid === undefined ? {} : { uid });
      if (flags.wait)
        await io.progress.step(`control plane ${name} goes`, () =>
          waitGone(io, hosting, plane, flags.timeout * 1000),
        );
    }
    const removed = await removeContexts(io, name, flags);
    if (plane === undefined && removed.length === 0)
      throw new UserError(`there is no control plane ${name}`, '`kflex list` shows those that there are.');
    if (plane !== undefined)
      io.out(`Control plane ${name} ${flags.wait ? 'is deleted' : 'is being deleted'}.\n`);
    for (const context of removed) io.out(`Removed context "${context}".\n`);
  });
}

/** Whatever they are called: a context that was renamed leads there still. */
async function removeContexts(
  io: CliIo,
  name: string,
  { kubeconfig }: KflexFlags,
): Promise<readonly string[]> {
  let removed: readonly string[] = [];
  await editKubeconfig({ kubeconfig }, filesAround(io), (files) => {
    removed = contextsOfPlane(files, name);
    return removed.reduce((all, context) => deleteContext(all, context, io.clock.now()), files);
  });
  return removed;
}

async function waitGone(io: CliIo, { client }: Hosting, plane: ControlPlane, within: number): Promise<void> {
  const { name, uid } = plane.metadata;
  const namespace = namespaceOfPlane(plane);
  let last: ControlPlane | undefined = plane;
  const gone = await waitUntil(
    async () => {
      last = await client.find(CONTROL_PLANE, { name });
      if (last !== undefined && last.metadata.uid === uid) return undefined;
      return (await client.find(NAMESPACE, { name: namespace })) === undefined ? true : undefined;
    },
    { clock: io.clock, within, every: LOOK_EVERY_MS, signal: io.signal },
  );
  if (gone !== undefined) return;
  const said = findCondition(last?.status?.conditions, 'Ready')?.message ?? '';
  throw new UserError(
    `control plane ${name} is not gone after ${Math.round(within / 1000)} s${said === '' ? '' : `: ${said}`}`,
    last === undefined
      ? `Look what keeps its namespace: \`kubectl get namespace ${namespace} -o yaml\`.`
      : `\`kubectl describe controlplane ${name}\` says what it waits for; \`kflex delete ${name}\` waits again.`,
  );
}
