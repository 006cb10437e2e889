import { Command } from 'commander';
import { UserError, type CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient } from './connect.ts';

/** `tenantry doctor`: what is missing in the cluster, each with its remedy. Fails if there is a problem. */
export function doctorCommand(io: CliIo): Command {
  return new Command('doctor')
    .description('Look for what is missing in the cluster and say how to mend it')
    .option('-n, --namespace <namespace>', 'where the operator runs', DEFAULT_NAMESPACE)
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (options: { namespace: string; kubeconfig?: string }) => {
      const { collectFacts } = await import('../features/installation/collect-facts.ts');
      const { diagnose } = await import('../features/installation/diagnosis.ts');
      const { crdManifests } = await import('../api/crds.ts');
      const names = crdManifests().map((crd) => crd.metadata.name);
      const facts = await withClient(io, options, ({ client }) =>
        collectFacts(client, options.namespace, names),
      );
      const diagnoses = diagnose(facts);
      const { green, yellow, red, dim } = io.colors;
      const marks = { ok: green('✓'), warning: yellow('!'), problem: red('✗') };
      for (const { check, verdict, message, remedy } of diagnoses) {
        io.out(`${marks[verdict]} ${check.padEnd(11)} ${message}\n`);
        if (remedy !== '') io.out(`  ${' '.repeat(11)} ${dim(remedy)}\n`);
      }
      const problems = diagnoses.filter(({ verdict }) => verdict === 'problem').length;
      if (problems > 0)
        throw new UserError(
          `${problems} ${problems === 1 ? 'problem' : 'problems'} found`,
          'Mend them from the top: later ones often follow from earlier ones.',
        );
    });
}
