import type { PlanSpec } from '../api/plan.ts';
import type { Tenant } from '../api/tenant.ts';
import type { Preview } from '../features/tenancy/preview.ts';
import { findCondition } from '../kube/conditions.ts';
import { formatTable } from './table.ts';

/** A line of `tenantry tenant list`. */
export function tenantRow({ metadata, spec, status }: Tenant): readonly string[] {
  const ready = findCondition(status?.conditions, 'Ready');
  const state = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'True' : ready.reason;
  const instances = status?.instances === undefined ? '' : String(status.instances);
  return [metadata.name, spec?.plan ?? '', instances, state, status?.until ?? '', spec?.displayName ?? ''];
}

/** `tenantry tenant show`. */
export function describeTenant(tenant: Tenant, plan: { readonly spec?: PlanSpec } | undefined): string {
  const { metadata, spec, status } = tenant;
  const members = (spec?.members ?? []).map(
    ({ kind, name, namespace }) => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`,
  );
  const conditions = ['Ready', 'WithinPlan'].flatMap((type) => findCondition(status?.conditions, type) ?? []);
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['Tenant', `${metadata.name} in namespace ${metadata.namespace ?? ''}`],
    ['Name', spec?.displayName],
    ['Plan', planText(tenant, plan)],
    ['Members', members.length === 0 ? 'whoever has rights on the kinds' : members.join(', ')],
    ['Since', spec?.since ?? metadata.creationTimestamp],
    ['Until', status?.until],
    ...conditions.map(({ type, status: holds, message }) => [type, `${holds}: ${message}`] as const),
  ];
  const head = lines.flatMap(([what, text]) =>
    text === undefined ? [] : [`${`${what}:`.padEnd(12)}${text}\n`],
  );
  const prices = Object.entries(plan?.spec?.prices ?? {});
  const tables = [
    formatTable(['USED OF THE PLAN', 'NOW', 'OFFERED'], usageRows(tenant, plan?.spec ?? {})),
    ...(prices.length === 0 ? [] : [formatTable(['PRICE OF', 'AS THE PLAN SAYS'], prices)]),
  ];
  return [head.join(''), ...tables].join('\n');
}

function planText({ spec }: Tenant, plan: { readonly spec?: PlanSpec } | undefined): string {
  if (spec?.plan === undefined) return 'none, and no limits';
  if (plan === undefined) return `${spec.plan}, which does not exist`;
  const { displayName } = plan.spec ?? {};
  return displayName === undefined ? spec.plan : `${spec.plan} (${displayName})`;
}

function usageRows({ status }: Tenant, plan: PlanSpec): readonly (readonly string[])[] {
  const used = Object.entries(status?.services ?? {});
  const offered = (plan.services ?? []).map(({ kind, group }) => [group, kind] as const);
  const isUsed = (group: string | undefined, kind: string): boolean =>
    used.some(([service]) =>
      group === undefined ? service.endsWith(`/${kind}`) : service === `${group}/${kind}`,
    );
  const unused = offered.filter(([group, kind]) => !isUsed(group, kind)).map(([, kind]) => kind);
  return [
    ['instances', String(status?.instances ?? 0), limitText(plan.instances)],
    ...used.map(([service, count]) => [kindOf(service), String(count), offeredText(plan, service)]),
    ...unused.map((kind) => [kind, '0', offeredText(plan, `/${kind}`)]),
  ];
}

function offeredText(plan: PlanSpec, service: string): string {
  if (plan.services === undefined) return limitText(undefined);
  const offer = plan.services.find(({ kind }) => kind === kindOf(service));
  return offer === undefined ? 'none' : limitText(offer.instances);
}

function limitText(limit: number | undefined): string {
  return limit === undefined ? 'no limit' : String(limit);
}

function kindOf(service: string): string {
  return service.split('/')[1] ?? service;
}

/** `tenantry tenant preview`. */
export function describePreview({ metadata, spec }: Tenant, plan: string, preview: Preview): string {
  const { excess, services, creating } = preview;
  const over =
    excess.length === 0
      ? 'Nothing is used that it does not offer.\n'
      : `More is used than it offers; nothing is deleted, what runs goes on:\n${excess.map(({ text }) => `  ${text}\n`).join('')}`;
  const changes = services.flatMap(({ service, instances, changes: texts }) => [
    `${kindOf(service)} (${instances} running) changes at once:\n`,
    ...texts.map((text) => `  ${text}\n`),
  ]);
  const from = spec?.plan === undefined ? 'no plan' : `plan ${spec.plan}`;
  return `Tenant ${metadata.name}, from ${from} to plan ${plan}:\n${over}${changes.join('')}${creating}.\n`;
}
