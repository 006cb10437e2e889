import { Command } from 'commander';
import { CONTROL_PLANE } from '../../api/control-plane.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { formatTable } from '../table.ts';
import {
  contextsOfPlane,
  deleteContext,
  mustExist,
  refuseForeign,
  renameContext,
  setHosting,
} from './contexts.ts';
import { editKubeconfig, readKubeFiles } from './edit-kubeconfig.ts';
import { contextData, PLANE_NAME } from './extension.ts';
import { filesAround, tellingBeside, withHosting, type KflexFlags } from './hosting-connection.ts';
import {
  currentContext,
  entryNames,
  findEntry,
  removeEntry,
  useContext,
  type KubeFiles,
} from './kube-files.ts';
import { planeKubeconfig, switchToHosting, switchToPlane } from './plane-context.ts';

interface CtxFlags extends KflexFlags {
  readonly overwriteExistingContext?: boolean;
  readonly setCurrentForHosting?: boolean;
}

/** `kflex ctx`: to the hosting cluster, to a control plane, and what there is. */
export function ctxCommand(io: CliIo): Command {
  return new Command('ctx')
    .description('Switch to the hosting cluster or to a control plane')
    .argument('[name]', 'control plane or context (default: the hosting cluster)')
    .option('-o, --overwrite-existing-context', 'take the context anew, whatever stands under its name')
    .option('-c, --set-current-for-hosting', 'remember the current context as that of the hosting cluster')
    .action(async (name: string | undefined, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<CtxFlags>();
      await (name === undefined ? toHosting(io, flags) : toContext(tellingBeside(io, flags), name, flags));
    })
    .addCommand(getCommand(io))
    .addCommand(listCommand(io))
    .addCommand(renameCommand(io))
    .addCommand(deleteCommand(io));
}

async function toHosting(io: CliIo, flags: CtxFlags): Promise<void> {
  const { kubeconfig } = flags;
  if (flags.setCurrentForHosting === true) {
    await editKubeconfig({ kubeconfig }, filesAround(io), (files) =>
      setHosting(files, currentContext(files), io.clock.now()),
    );
  }
  await withHosting(io, flags, (hosting) => switchToHosting(io, flags, hosting));
}

async function toContext(io: CliIo, name: string, flags: CtxFlags): Promise<void> {
  const files = await readKubeFiles(flags, filesAround(io));
  const anew = flags.overwriteExistingContext === true;
  // Under the name that it was given since, if it was renamed.
  const known = findEntry(files, 'contexts', name) === undefined ? contextsOfPlane(files, name)[0] : name;
  if (known !== undefined && !anew) {
    const { kubeconfig } = flags;
    await editKubeconfig({ kubeconfig }, filesAround(io), (all) => {
      mustExist(all, known);
      return useContext(all, known);
    });
    io.out(`Switched to context "${known}".\n`);
    return;
  }
  if (!anew) refuseForeign(files, name);
  await withHosting(io, flags, async (hosting) => {
    const plane = await hosting.client.find(CONTROL_PLANE, { name });
    if (plane === undefined)
      throw new UserError(
        `there is neither a context nor a control plane ${name}`,
        '`kflex list` shows the control planes, `kflex ctx list` the contexts.',
      );
    if (plane.spec.type === 'host') {
      io.out(`Control plane ${name} is the hosting cluster itself.\n`);
      await switchToHosting(io, flags, hosting);
      return;
    }
    const source = await planeKubeconfig(hosting, plane);
    // Only now: what stands there is given up when there is something in its place.
    const giveUp = (all: KubeFiles): KubeFiles => (anew ? removeEntry(all, 'contexts', name) : all);
    await switchToPlane(io, flags, { plane: name, source }, giveUp);
  });
}

function getCommand(io: CliIo): Command {
  return new Command('get')
    .description('Print the current context')
    .action(async (_flags: unknown, self: Command) => {
      const files = await readKubeFiles(self.optsWithGlobals<KflexFlags>(), filesAround(io));
      io.out(`${mustBeIn(currentContext(files))}\n`);
    });
}

function listCommand(io: CliIo): Command {
  return new Command('list')
    .description('List the contexts and the control planes they lead to')
    .action(async (_flags: unknown, self: Command) => {
      const files = await readKubeFiles(self.optsWithGlobals<KflexFlags>(), filesAround(io));
      const current = currentContext(files);
      const rows = [...entryNames(files, 'contexts')].sort().map((name) => {
        const data = contextData(files, name);
        const isOurs = data === undefined ? '' : 'yes';
        return [name === current ? '*' : ' ', name, isOurs, data?.[PLANE_NAME] ?? ''];
      });
      io.out(formatTable(['CURRENT', 'CONTEXT', 'MANAGED BY KFLEX', 'CONTROLPLANE'], rows));
    });
}

function renameCommand(io: CliIo): Command {
  return new Command('rename')
    .description('Rename a context; what points to it follows')
    .argument('<context>', 'its name')
    .argument('<new-name>', 'its name from now on')
    .option('-S, --switch', 'and switch to it')
    .action(async (from: string, to: string, _flags: unknown, self: Command) => {
      const { kubeconfig, ...flags } = self.optsWithGlobals<KflexFlags & { readonly switch?: boolean }>();
      await editKubeconfig({ kubeconfig }, filesAround(io), (files) => {
        const renamed = renameContext(files, from, to, io.clock.now());
        return flags.switch === true ? useContext(renamed, to) : renamed;
      });
      io.out(`Context "${from}" is "${to}" now.\n`);
    });
}

function deleteCommand(io: CliIo): Command {
  return new Command('delete')
    .description('Remove a context, and its cluster and user where no other context uses them')
    .argument('<context>', 'its name')
    .option('-f, --force', 'do not ask, also for a context that kflex did not make')
    .action(async (context: string, _flags: unknown, self: Command) => {
      const { kubeconfig, force } = self.optsWithGlobals<KflexFlags & { readonly force?: boolean }>();
      const files = await readKubeFiles({ kubeconfig }, filesAround(io));
      mustExist(files, context);
      if (force !== true && contextData(files, context) === undefined) await confirm(io, context);
      await editKubeconfig({ kubeconfig }, filesAround(io), (all) =>
        deleteContext(all, context, io.clock.now()),
      );
      io.out(`Removed context "${context}".\n`);
    });
}

async function confirm({ ask }: CliIo, context: string): Promise<void> {
  const refused = new UserError(
    `context "${context}" was not made by kflex; nothing was changed`,
    'Give --force to remove it all the same.',
  );
  if (ask === undefined) throw refused;
  const answer = await ask(`Context "${context}" was not made by kflex. Remove it? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw refused;
}

function mustBeIn(context: string): string {
  if (context !== '') return context;
  throw new UserError('no context is in use', 'Choose one: `kflex ctx`, `kflex ctx NAME`.');
}
