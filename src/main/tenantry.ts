#!/usr/bin/env node
import { basename } from 'node:path';
import { argv } from 'node:process';

// One program, several names: links called `kubectl-…` are kubectl's plug-ins, and KubePlus's program has its own. The operator is loaded only where it is asked
// for, so that the command line starts quickly.
const [, script = '', ...words] = argv;
const plugin = basename(script).replace(/\.mjs$/, '');
if (words[0] === 'operator') {
  const { runOperator } = await import('./operator.ts');
  await runOperator();
} else if (words[0] === 'router') {
  const { runRouter } = await import('./router.ts');
  await runRouter();
} else {
  const { runCli } = await import('./cli.ts');
  const first = plugin === 'provider-kubeconfig' ? [plugin] : [];
  await runCli(/^kubectl(?:_complete)?-|^(?:kflex|vcluster)$/.test(plugin) ? plugin : 'tenantry', [
    ...first,
    ...words,
  ]);
}
