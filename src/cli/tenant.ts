import { Command, InvalidArgumentError } from 'commander';
import { NAMESPACE } from '../kube/builtin-kinds.ts';
import { TENANT_LABEL, TENANT_NAMESPACE_LABEL } from '../api/names.ts';
import { TENANT_PLAN, type PlanSpec, type TenantPlan } from '../api/plan.ts';
import { TENANT, type Tenant } from '../api/tenant.ts';
import type { Client } from '../client/client.ts';
import { apiVersionOf } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { DEFAULT_NAMESPACE, withClient } from './connect.ts';
import { formatTable } from './table.ts';
import { describePreview, describeTenant, tenantRow } from './tenant-texts.ts';

/** Longest name that fits a label: namespaces name their tenant by one. */
const MAX_NAME = 63;

interface Flags {
  readonly namespace: string;
  readonly kubeconfig?: string;
}

type Member = NonNullable<NonNullable<Tenant['spec']>['members']>[number];

/** `tenantry tenant …`: customers and the plans they are on. */
export function tenantCommand(io: CliIo): Command {
  return new Command('tenant')
    .description('Customers and the plans they are on')
    .addCommand(listCommand(io))
    .addCommand(showCommand(io))
    .addCommand(createCommand(io))
    .addCommand(setPlanCommand(io))
    .addCommand(previewCommand(io));
}

function part(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('-n, --namespace <namespace>', "the provider's namespace", DEFAULT_NAMESPACE)
    .option('-k, --kubeconfig <file>', 'kubeconfig to use');
}

function listCommand(io: CliIo): Command {
  return part('list', 'List the tenants of a provider').action(async (flags: Flags) => {
    await withClient(io, flags, async ({ client }) => {
      const { items } = await listTenants(client, flags.namespace);
      io.out(formatTable(['TENANT', 'PLAN', 'INSTANCES', 'READY', 'UNTIL', 'NAME'], items.map(tenantRow)));
    });
  });
}

function showCommand(io: CliIo): Command {
  return part('show', 'Show a tenant: plan, what is used of it, and until when')
    .argument('<tenant>', 'name of the tenant')
    .action(async (name: string, flags: Flags) => {
      await withClient(io, flags, async ({ client }) => {
        const tenant = await getTenant(client, flags.namespace, name);
        const plan = await planOf(client, tenant);
        io.out(describeTenant(tenant, plan));
      });
    });
}

interface CreateFlags extends Flags {
  readonly plan?: string;
  readonly displayName?: string;
  readonly member?: readonly Member[];
  readonly since?: string;
  readonly until?: string;
  readonly owns?: readonly string[];
}

function createCommand(io: CliIo): Command {
  const collect =
    <T>(read: (text: string) => T) =>
    (text: string, before: readonly T[] | undefined): T[] => [...(before ?? []), read(text)];
  return part('create', 'Create a tenant, and give namespaces to it')
    .argument('<tenant>', 'name of the tenant')
    .option('--plan <plan>', 'the plan that the tenant is on (default: none, and no limits)')
    .option('--display-name <name>', 'name of the customer for people')
    .option(
      '--member <user:NAME|group:NAME|account:NAMESPACE/NAME>',
      'who may create instances; may be repeated (default: whoever has the rights on the kinds)',
      collect(readMember),
    )
    .option(
      '--since <time>',
      'when the customer began, e.g. 2026-12-01T00:00:00+01:00 (default: now)',
      readTime,
    )
    .option('--until <time>', 'when the customer ends, e.g. 2027-12-01T00:00:00+01:00', readTime)
    .option(
      '--owns <namespace>',
      'a namespace whose instances are the tenant’s; may be repeated',
      collect(String),
    )
    .action(async (name: string, flags: CreateFlags) => {
      if (name.length > MAX_NAME)
        throw new UserError(
          `${name} has ${name.length} characters, and namespaces name their tenant by a label of at most ${MAX_NAME}`,
          'Choose a shorter name; --display-name takes the long one.',
        );
      await withClient(io, flags, ({ client }) => create(io, client, name, flags));
    });
}

async function create(io: CliIo, client: Client, name: string, flags: CreateFlags): Promise<void> {
  const { namespace, plan, displayName, member, since, until, owns = [] } = flags;
  if (plan !== undefined) await getPlan(client, namespace, plan);
  await client.create(TENANT, {
    apiVersion: apiVersionOf(TENANT),
    kind: TENANT.kind,
    metadata: { name, namespace },
    spec: {
      ...(displayName === undefined ? {} : { displayName }),
      ...(plan === undefined ? {} : { plan }),
      ...(member === undefined ? {} : { members: [...member] }),
      ...(since === undefined ? {} : { since }),
      ...(until === undefined ? {} : { until }),
    },
  });
  const labels = { [TENANT_LABEL]: name, [TENANT_NAMESPACE_LABEL]: namespace };
  for (const own of owns)
    await client.patch(NAMESPACE, { name: own }, { type: 'merge', body: { metadata: { labels } } });
  io.out(`Tenant ${name} is in namespace ${namespace}.\n`);
  if (owns.length > 0) {
    io.out(`Instances created in ${owns.join(', ')} are its own.\n`);
    return;
  }
  io.out(
    `Give it the namespace of the customer: kubectl label namespace NAMESPACE ${TENANT_LABEL}=${name} ${TENANT_NAMESPACE_LABEL}=${namespace}\n`,
  );
}

function setPlanCommand(io: CliIo): Command {
  return part('set-plan', 'Put a tenant on another plan, after showing what that changes')
    .argument('<tenant>', 'name of the tenant')
    .argument('<plan>', 'name of the plan')
    .option('-y, --yes', 'do not ask where more is used than the plan offers')
    .action(async (name: string, plan: string, flags: Flags & { readonly yes?: boolean }) => {
      await withClient(io, flags, async ({ client }) => {
        const { text, isOver } = await preview(io, client, { ...flags, name, plan });
        io.out(text);
        if (isOver && flags.yes !== true) await confirm(io, plan);
        const body = { spec: { plan } };
        await client.patch(TENANT, { namespace: flags.namespace, name }, { type: 'merge', body });
        io.out(`Tenant ${name} is on plan ${plan}.\n`);
      });
    });
}

async function confirm(io: CliIo, plan: string): Promise<void> {
  const refused = new UserError(
    `more is used than plan ${plan} offers; nothing was changed`,
    'Give --yes to do it all the same: nothing is deleted.',
  );
  if (io.ask === undefined) throw refused;
  if (!/^y(es)?$/i.test((await io.ask('Do it all the same? [y/N] ')).trim())) throw refused;
}

function previewCommand(io: CliIo): Command {
  return part('preview', 'Show what a change of plan would do to a tenant, and change nothing')
    .argument('<tenant>', 'name of the tenant')
    .requiredOption('--plan <plan>', 'name of the plan')
    .action(async (name: string, flags: Flags & { readonly plan: string }) => {
      await withClient(io, flags, async ({ client }) => {
        io.out((await preview(io, client, { ...flags, name })).text);
      });
    });
}

/** From what the operator wrote in the tenant's status: a provider need not see the namespaces of his customers. */
async function preview(
  io: CliIo,
  client: Client,
  { namespace, name, plan }: { readonly namespace: string; readonly name: string; readonly plan: string },
): Promise<{ readonly text: string; readonly isOver: boolean }> {
  const [{ previewPlan }, { listPolicies }] = await Promise.all([
    import('../features/tenancy/preview.ts'),
    import('./list-policies.ts'),
  ]);
  const tenant = await getTenant(client, namespace, name);
  const to = (await getPlan(client, namespace, plan)).spec ?? {};
  const from = (await planOf(client, tenant))?.spec ?? {};
  const usage = new Map(Object.entries(tenant.status?.services ?? {}));
  const policiesOf = await listPolicies(client, namespace);
  const result = previewPlan(tenant, { from, to }, usage, policiesOf, io.clock.now());
  return { text: describePreview(tenant, plan, result), isOver: result.excess.length > 0 };
}

async function listTenants(
  client: Client,
  namespace: string,
): Promise<{ readonly items: readonly Tenant[] }> {
  try {
    return await client.list(TENANT, { namespace });
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
    throw new UserError('Tenantry is not installed in this cluster', 'Run `tenantry install`.', {
      cause: error,
    });
  }
}

async function getTenant(client: Client, namespace: string, name: string): Promise<Tenant> {
  const tenant = await client.find(TENANT, { namespace, name });
  if (tenant !== undefined) return tenant;
  throw new UserError(
    `there is no tenant ${name} in namespace ${namespace}`,
    `Look at \`tenantry tenant list -n ${namespace}\`.`,
  );
}

async function getPlan(client: Client, namespace: string, name: string): Promise<TenantPlan> {
  const plan = await client.find(TENANT_PLAN, { namespace, name });
  if (plan !== undefined) return plan;
  throw new UserError(
    `there is no plan ${name} in namespace ${namespace}`,
    `Look at \`kubectl get plans -n ${namespace}\`.`,
  );
}

/** Undefined where the tenant is on none, or on one that is gone. */
async function planOf(client: Client, { metadata, spec }: Tenant): Promise<{ spec?: PlanSpec } | undefined> {
  const { namespace = '' } = metadata;
  return spec?.plan === undefined ? undefined : client.find(TENANT_PLAN, { namespace, name: spec.plan });
}

function readMember(text: string): Member {
  const [, word = '', name = ''] = /^(user|group|account):(.+)$/.exec(text) ?? [];
  if (word === 'user') return { kind: 'User', name };
  if (word === 'group') return { kind: 'Group', name };
  const [namespace = '', account = ''] = name.split('/');
  if (word === 'account' && namespace !== '' && account !== '')
    return { kind: 'ServiceAccount', name: account, namespace };
  throw new InvalidArgumentError('Write user:NAME, group:NAME or account:NAMESPACE/NAME.');
}

/** RFC 3339: with a zone, or nobody knows which hour is meant. */
function readTime(text: string): string {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
  if (isTime && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError('Write date, time and zone: 2026-12-01T00:00:00+01:00.');
}
