import { Command } from 'commander';
import type { Instance } from '../api/instance.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../api/resource-composition.ts';
import type { Reader } from '../client/client.ts';
import { unlessForbidden } from '../client/unless-forbidden.ts';
import { findCondition } from '../kube/conditions.ts';
import type { Kind } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import { mapLimit } from '../lib/limit.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { withClient } from './connect.ts';
import { describeHidden } from './hidden-kinds.ts';
import { formatTable } from './table.ts';

/** Lists asked for at the same time: a cluster may have many services. */
const PARALLEL = 8;

/** `tenantry status`: what is offered and what runs, on one screen, as far as the user may look. */
export function statusCommand(io: CliIo): Command {
  return new Command('status')
    .description('Show the services and their instances')
    .option('-n, --namespace <namespace>', 'only those of this namespace (default: all that you may see)')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (options: { namespace?: string; kubeconfig?: string }) => {
      await withClient(io, options, async ({ client, discovery, namespace: own }) => {
        const look = { client, namespace: options.namespace, own };
        const compositions = await listServices(look);
        const { serviceKinds } = await import('../features/application/find-application.ts');
        const kinds = serviceKinds(await discovery.resources());
        const lists = await mapLimit(kinds, PARALLEL, async (kind) => listWhereAllowed<Instance>(look, kind));
        if (compositions === undefined && lists.every((list) => list === undefined))
          throw nothingToSee(options.namespace ?? own);
        showServices(io, compositions);
        const hidden = kinds.filter((_, at) => lists[at] === undefined).map(({ kind }) => kind);
        if (kinds.length > hidden.length) {
          const rows = lists.flatMap((list) => (list?.items ?? []).map(instanceRow));
          if (compositions !== undefined) io.out('\n');
          io.out(formatTable(['INSTANCE', 'NAMESPACE', 'KIND', 'VERSION', 'READY', 'RUNS IN', 'URL'], rows));
        }
        const unseen = [...(compositions === undefined ? [RESOURCE_COMPOSITION.kind] : []), ...hidden];
        if (unseen.length > 0) io.err(`Not shown, for you may not list them: ${describeHidden(unseen)}\n`);
        if ([compositions, ...lists].some((list) => list?.onlyOwn === true))
          io.err(`Shown is namespace ${own}: you may not look into all.\n`);
      });
    });
}

/** Who looks: everywhere or in the namespace that was named; and that of the context, for who may look nowhere else. */
interface Look {
  readonly client: Reader;
  readonly namespace: string | undefined;
  readonly own: string;
}

interface Seen<T> {
  readonly items: readonly T[];
  /** Only the context's namespace may be looked into. */
  readonly onlyOwn: boolean;
}

/** All objects of the kind that the user may list; undefined where there is no such right. */
async function listWhereAllowed<T extends KubeObject>(
  { client, namespace, own }: Look,
  kind: Kind<T>,
): Promise<Seen<T> | undefined> {
  const wanted = await unlessForbidden(client.list(kind, { namespace }));
  if (wanted !== undefined) return { items: wanted.items, onlyOwn: false };
  if (namespace !== undefined) return undefined;
  const near = await unlessForbidden(client.list(kind, { namespace: own }));
  return near === undefined ? undefined : { items: near.items, onlyOwn: true };
}

async function listServices(look: Look): Promise<Seen<ResourceComposition> | undefined> {
  try {
    return await listWhereAllowed(look, RESOURCE_COMPOSITION);
  } catch (error) {
    if (isKubeError(error, 'NotFound'))
      throw new UserError('Tenantry is not installed in this cluster', 'Run `tenantry install`.', {
        cause: error,
      });
    throw error;
  }
}

function nothingToSee(namespace: string): UserError {
  return new UserError(
    `you may list neither services nor instances in namespace ${namespace}`,
    "Say which namespace is yours: -n <namespace>; or ask your provider for the kinds: `kubectl grantpermission consumer <plural> <provider's kubeconfig>`.",
  );
}

function showServices(io: CliIo, compositions: Seen<ResourceComposition> | undefined): void {
  if (compositions === undefined) return;
  const rows = compositions.items.map(serviceRow);
  io.out(formatTable(['SERVICE', 'NAMESPACE', 'KIND', 'CHART', 'READY'], rows));
  if (rows.length === 0) io.out('No services yet: create a ResourceComposition.\n');
}

/** The condition's reason where it is not Ready: one word that says why. */
function readiness(conditions: Parameters<typeof findCondition>[0] | undefined): string {
  const ready = findCondition(conditions ?? [], 'Ready');
  if (ready === undefined) return 'Unknown';
  return ready.status === 'True' ? 'True' : ready.reason;
}

function serviceRow({ metadata, spec, status }: ResourceComposition): readonly string[] {
  const chart = status?.chart;
  return [
    metadata.name,
    metadata.namespace ?? '',
    spec?.newResource?.resource.kind ?? '',
    chart === undefined ? '' : `${chart.name}-${chart.version}`,
    readiness(status?.conditions),
  ];
}

function instanceRow({ kind, metadata, status }: Instance): readonly string[] {
  return [
    metadata.name,
    metadata.namespace ?? '',
    kind,
    status?.version ?? '',
    readiness(status?.conditions),
    status?.namespace ?? '',
    status?.url ?? '',
  ];
}
