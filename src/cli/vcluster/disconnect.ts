import { Command } from 'commander';
import { UserError, type CliIo } from '../cli-io.ts';
import { editKubeconfig, readKubeFiles } from '../kflex/edit-kubeconfig.ts';
import { filesAround } from '../kflex/hosting-connection.ts';
import { mustExist } from '../kflex/contexts.ts';
import { currentContext, useContext } from '../kflex/kube-files.ts';
import { endForward } from './background-forward.ts';
import { readContextName } from './context-name.ts';
import type { VclusterFlags } from './host.ts';

/** `vcluster disconnect`: back to the context that `connect` came from; a forward in the background ends. */
export function disconnectCommand(io: CliIo): Command {
  return new Command('disconnect')
    .description('Go back to the context of the host cluster')
    .action(async (_flags: unknown, self: Command) => {
      const { kubeconfig } = self.optsWithGlobals<VclusterFlags>();
      const current = currentContext(await readKubeFiles({ kubeconfig }, filesAround(io)));
      const parent = readContextName(current)?.parent;
      if (parent === undefined)
        throw new UserError(
          `the current context "${current}" is not that of a virtual cluster`,
          'With a context name of your own, switch back by `kubectl config use-context NAME`.',
        );
      await editKubeconfig({ kubeconfig }, filesAround(io), (files) => {
        mustExist(files, parent);
        return useContext(files, parent);
      });
      await endForward(io, current);
      io.out(`Successfully disconnected and switched back to the original context: ${parent}\n`);
    });
}
