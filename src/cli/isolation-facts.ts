import { REVISION, revisionsOf, type InstancePolicies, type Revision } from '../api/revision.ts';
import { SERVICE_UID_LABEL } from '../api/names.ts';
import { TENANT_PLAN } from '../api/plan.ts';
import { TENANT } from '../api/tenant.ts';
import { tenantRefOf } from '../api/tenant-of-namespace.ts';
import type { Client, Reader } from '../client/client.ts';
import { unlessForbidden } from '../client/unless-forbidden.ts';
import type { Application, Release } from '../features/application/find-application.ts';
import { inventoryOf, type Inventory } from '../features/instance/inventory.ts';
import { MARK_ANNOTATION, markOf } from '../features/instance/marks.ts';
import { nodeNameOf } from '../features/instance/values.ts';
import type { Facts, Seen } from '../features/isolation/facts.ts';
import { askForPod, largePod, privilegedPod } from '../features/isolation/pod-answer.ts';
import { policiesUnder } from '../features/tenancy/plan-policies.ts';
import {
  LIMIT_RANGE,
  NAMESPACE,
  NETWORK_POLICY,
  POD,
  RESOURCE_QUOTA,
  ROLE_BINDING,
  SERVICE_ACCOUNT,
  VALIDATING_ADMISSION_POLICY,
  VALIDATING_ADMISSION_POLICY_BINDING,
} from '../kube/builtin-kinds.ts';
import type { Kind } from '../kube/kind.ts';
import type { KubeObject } from '../kube/object.ts';

/** Where the operator is, and the instance that is asked about. */
interface Question {
  readonly application: Application;
  readonly release: Release;
  readonly operatorNamespace: string;
}

/** Reads everything that tells what isolates an instance, with the rights of whoever asks, and tries the pods that must be refused. */
export async function isolationFacts(client: Client, question: Question): Promise<Facts> {
  const { instance } = question.application;
  const target = question.release.namespace;
  const namespace = await seenOne(client, NAMESPACE, { name: target });
  const inventory = namespace === 'hidden' ? undefined : inventoryOf(namespace);
  const list = <T extends KubeObject>(kind: Kind<T>): Promise<Seen<readonly T[]>> =>
    seenAll(client, kind, target);
  // Each is one call and none waits for another.
  const [policies, quotas, limits, networkPolicies, bindings, defaultAccount, pods] = await Promise.all([
    seenPolicies(client, question, namespace === 'hidden' ? undefined : namespace, inventory),
    list(RESOURCE_QUOTA),
    list(LIMIT_RANGE),
    list(NETWORK_POLICY),
    list(ROLE_BINDING),
    seenOne(client, SERVICE_ACCOUNT, { namespace: target, name: 'default' }),
    list(POD),
  ]);
  const [admissionPolicies, admissionBindings, privileged, large] = await Promise.all([
    seenAll(client, VALIDATING_ADMISSION_POLICY),
    seenAll(client, VALIDATING_ADMISSION_POLICY_BINDING),
    askForPod(client, privilegedPod(target)),
    askForPod(client, largePod(target)),
  ]);
  return {
    uid: instance.metadata.uid ?? '',
    target,
    nodeName: nodeNameOf(instance),
    policies,
    namespace,
    account: inventory,
    markOf: liveMark,
    quotas,
    limits,
    networkPolicies,
    bindings,
    defaultAccount,
    pods,
    admissionPolicies,
    admissionBindings,
    privilegedPod: privileged,
    largePod: large,
  };
}

/** Out of what the API server says; a mark that stands on the object itself is anybody's. */
function liveMark(object: KubeObject): string | undefined {
  const { [MARK_ANNOTATION]: _forged, ...annotations } = object.metadata.annotations ?? {};
  return markOf({ ...object, metadata: { ...object.metadata, annotations } });
}

async function seenAll<T extends KubeObject>(
  reader: Reader,
  kind: Kind<T>,
  namespace?: string,
): Promise<Seen<readonly T[]>> {
  const scope = namespace === undefined ? {} : { namespace };
  const found = await unlessForbidden(reader.list(kind, scope));
  // Objects of a list lack what kind they are, which the mark counts.
  return found?.items.map((item) => ({ ...item, kind: kind.kind })) ?? 'hidden';
}

async function seenOne<T extends KubeObject>(
  reader: Reader,
  kind: Kind<T>,
  ref: { readonly namespace?: string; readonly name: string },
): Promise<Seen<T | undefined>> {
  const found = await unlessForbidden(reader.find(kind, ref).then((object) => ({ object })));
  return found === undefined ? 'hidden' : found.object;
}

/** What the instance's revision asks for under the plan of its tenant: what the operator goes by. */
async function seenPolicies(
  reader: Reader,
  { application, operatorNamespace }: Question,
  namespace: KubeObject | undefined,
  inventory: Inventory | undefined,
): Promise<Seen<InstancePolicies>> {
  const service = namespace?.metadata.labels?.[SERVICE_UID_LABEL];
  if (service === undefined || inventory === undefined) return 'hidden';
  const home = application.instance.metadata.namespace;
  const revisions = await seenRevisions(reader, service, home);
  const revision = revisions?.find(({ metadata }) => metadata.name === inventory.release.revision);
  const creators = await unlessForbidden(reader.find(NAMESPACE, { name: home ?? '' }));
  if (revision === undefined || creators === undefined) return 'hidden';
  const tenant = await seenOne(reader, TENANT, tenantRefOf(creators, operatorNamespace));
  if (tenant === 'hidden') return 'hidden';
  const name = tenant?.spec?.plan;
  if (tenant === undefined || name === undefined) return revision.spec.policies;
  const plan = await seenOne(reader, TENANT_PLAN, { namespace: tenant.metadata.namespace ?? '', name });
  return plan === 'hidden' || plan === undefined
    ? 'hidden'
    : policiesUnder(plan.spec ?? {}, revision.spec.policies);
}

/** Everywhere, or where the instance is: a provider sees his own namespace only. */
async function seenRevisions(
  reader: Reader,
  service: string,
  namespace: string | undefined,
): Promise<readonly Revision[] | undefined> {
  const labelSelector = `${SERVICE_UID_LABEL}=${service}`;
  const found =
    (await unlessForbidden(reader.list(REVISION, { labelSelector }))) ??
    (await unlessForbidden(reader.list(REVISION, { labelSelector, namespace })));
  return found && revisionsOf(found.items, service);
}
