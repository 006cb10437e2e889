import { describe, expect, it } from 'vitest';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../src/api/resource-composition.ts';
import { serviceAdmission } from '../../src/features/service/handlers.ts';
import type { PolicyTrial } from '../../src/features/service/policy-trial.ts';
import { CONFIG_MAP, CRD, NAMESPACE as NAMESPACES } from '../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../src/kube/conditions.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { objectsAsWritten } from '../../src/main/objects-as-written.ts';
import type { AdmissionAnswer } from '../../src/runtime/admission.ts';
import { chart, composition, NAMESPACE, reasonOf, useServiceRig } from './service-rig.ts';

const TRIAL = 'tenantry-trial';
const DENIED =
  'a policy of this cluster refuses ConfigMap sample (hello/templates/config.yaml): admission webhook "fake" denied the request: not like that; change the chart or spec.newResource.providerValues, or have the policy changed';

describe('a service whose chart a policy of the cluster denies', { timeout: 30_000 }, () => {
  const rig = useServiceRig();
  const seen: AnyObject[] = [];

  /** A policy on ConfigMaps of the namespace where charts are tried. */
  async function prepare(mode: PolicyTrial['mode']): Promise<() => void> {
    rig().policyTrial = { mode, namespace: TRIAL, asWritten: objectsAsWritten };
    await rig().client.create(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: TRIAL },
    });
    await rig().stop();
    rig().restart();
    await rig().upload(chart());
    seen.length = 0;
    return rig().api.addAdmission(({ resource, namespace, object }) => {
      if (resource !== 'configmaps' || namespace !== TRIAL || object === undefined) return { allowed: true };
      seen.push(object);
      return { allowed: false, findings: [{ message: 'not like that' }] };
    });
  }

  async function admission(wanted: ResourceComposition): Promise<AdmissionAnswer | undefined> {
    const [, validate] = serviceAdmission({ ...rig().deps(), stores: rig().manager.stores });
    return validate?.handle(
      {
        uid: 'r',
        operation: 'CREATE',
        group: 'workflows.kubeplus',
        version: 'v1alpha1',
        kind: 'ResourceComposition',
        resource: 'resourcecompositions',
        subResource: '',
        namespace: NAMESPACE,
        name: 'hello',
        user: { username: 'provider', uid: '', groups: [] },
        object: wanted as ResourceComposition & AnyObject,
        oldObject: undefined,
        dryRun: true,
      },
      new AbortController().signal,
    );
  }

  it('is refused at admission, in the words of the policy, about what an instance would write', async () => {
    await prepare('refuse');

    expect(await admission(composition())).toEqual({
      allowed: false,
      findings: [{ field: 'spec.newResource.chartURL', message: `spec.newResource.chartURL: ${DENIED}` }],
    });
    expect(seen[0]?.metadata).toMatchObject({
      labels: { 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { 'meta.helm.sh/release-name': 'sample' },
    });
    expect(rig().api.objects(CONFIG_MAP, TRIAL)).toEqual([]);
  });

  it('is registered with a warning where the owner wants that', async () => {
    await prepare('warn');

    expect(await admission(composition())).toEqual({ allowed: true, warnings: [DENIED] });
    await rig().register();
  });

  it('is registered as soon as the policy lets it', async () => {
    const lift = await prepare('refuse');
    await rig().client.create(RESOURCE_COMPOSITION, composition());

    const refused = await rig().until((found) => reasonOf(found) === 'PolicyDenied');

    expect(findCondition(refused?.status?.conditions, 'Ready')?.message).toBe(DENIED);
    expect(
      rig()
        .api.objects(CRD)
        .filter(({ spec }) => spec.names.kind === 'HelloService'),
    ).toEqual([]);
    lift();
    await rig().patch({ spec: { newResource: { providerValues: { greeting: 'hi' } } } });
    await rig().until((found) => reasonOf(found) === 'Registered');
  });

  it('keeps its revision when a new one is denied', async () => {
    const lift = await prepare('refuse');
    lift();
    await rig().register();
    rig().api.addAdmission(({ namespace }) =>
      namespace === TRIAL ? { allowed: false, findings: [{ message: 'not like that' }] } : { allowed: true },
    );

    await rig().patch({ spec: { newResource: { providerValues: { greeting: 'hi' } } } });
    const refused = await rig().until((found) => reasonOf(found) === 'PolicyDenied');

    expect(findCondition(refused?.status?.conditions, 'Ready')?.message).toMatch(
      /Revision .* stays in use\.$/,
    );
    expect(rig().revisions()).toHaveLength(1);
  });

  it('is not tried as the account of a kind that belongs to somebody else', async () => {
    await prepare('refuse');
    const foreign = composition({ resource: { kind: 'ConfigMap', plural: 'hellos' } });

    const answer = await admission(foreign);

    expect(answer).toMatchObject({
      allowed: false,
      findings: [{ message: 'Resource with Kind Name ConfigMap exists in the cluster.' }],
    });
    expect(seen).toEqual([]);
  });
});
