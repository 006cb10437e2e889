import { describe, expect, it } from 'vitest';
import type { ResourceComposition } from '../../api/resource-composition.ts';
import { REVISION, type Revision } from '../../api/revision.ts';
import { chartChunks } from '../../helm/chart-store.ts';
import { valuesSchemaOf } from '../../helm/values-schema.ts';
import { CONFIG_MAP, CRD, SERVICE_ACCOUNT, type CustomResourceDefinition } from '../../kube/builtin-kinds.ts';
import { findCondition } from '../../kube/conditions.ts';
import type { AnyObject } from '../../kube/object.ts';
import type { Plan, Write } from '../../runtime/plan.ts';
import { targetOf } from '../../runtime/write.ts';
import { planService } from './plan-service.ts';
import { accountObject, crdObject, recordObjects, usageObject } from './service-objects.ts';
import { policiesOf } from './service-spec.ts';
import type { ServiceStatus } from './service-status.ts';
import { existingKey, type PreparedChart, type ServiceWorld } from './world.ts';

const NOW = Date.UTC(2026, 0, 1);
const resource = { group: 'platformapi.kubeplus', version: 'v1alpha1', kind: 'Hello', plural: 'hellos' };

const composition: ResourceComposition = {
  apiVersion: 'workflows.kubeplus/v1alpha1',
  kind: 'ResourceComposition',
  metadata: {
    name: 'hello',
    namespace: 'ns',
    uid: 'u1',
    generation: 3,
    finalizers: ['tenantry.dev/cleanup'],
  },
  spec: { newResource: { resource, chartURL: 'file:///a.tgz' }, respolicy: { metadata: { name: 'p' } } },
};

function chartOf(version: string): PreparedChart {
  const { stored, secrets } = chartChunks('ns', Buffer.from(version));
  const info = {
    name: 'hello',
    version,
    appVersion: '',
    description: '',
    kubeVersion: '',
    type: 'application',
    valuesYaml: 'a: 1\n',
    values: { a: 1 },
    valuesSchema: undefined,
    crds: [],
    metadata: {},
  } as const;
  return {
    info,
    digest: stored.digest,
    size: stored.size,
    kinds: [],
    rules: [],
    roles: [],
    crds: [],
    values: valuesSchemaOf({ chart: info }),
    stored,
    missingChunks: secrets,
  };
}

const writesOf = (plan: Plan<ServiceStatus>): Write[] => plan.stages.flatMap(({ writes }) => writes);
const shown = (plan: Plan<ServiceStatus>): string[] =>
  writesOf(plan).map((write) => `${write.verb} ${write.kind.kind} ${targetOf(write).name}`);
const ready = (plan: Plan<ServiceStatus>): string | undefined =>
  findCondition(plan.status?.conditions, 'Ready')?.status;

const empty: ServiceWorld = {
  resource,
  accountsNamespace: 'accounts',
  revisions: [],
  crd: undefined,
  existing: new Map(),
  problems: [],
  chart: chartOf('1'),
  policies: policiesOf(composition.spec),
};

/** The world after a plan was carried out and the API server serves the kind. */
function settled(version: string): ServiceWorld {
  const chart = { ...chartOf(version), missingChunks: [] };
  const [own] = writesOf(planService(composition, empty, NOW)).filter(({ kind }) => kind === REVISION);
  const revision = (own as Extract<Write, { verb: 'own' }>).object as Revision;
  const existing = new Map<string, AnyObject>([
    [
      existingKey(SERVICE_ACCOUNT, accountObject(composition, resource, 'accounts').metadata.name),
      accountObject(composition, resource, 'accounts'),
    ],
    [existingKey(CONFIG_MAP, 'hello-usage'), usageObject(composition, resource, chart)],
    ...recordObjects(composition).map(
      ({ kind, object }) => [existingKey(kind, object.metadata.name), object] as const,
    ),
  ]);
  const written = crdObject(composition, resource, chart) as unknown as CustomResourceDefinition;
  const crd = {
    ...written,
    metadata: { ...written.metadata, uid: 'c1' },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  };
  return {
    ...empty,
    chart,
    revisions: [{ ...revision, metadata: { ...revision.metadata, uid: 'r1' } }],
    existing,
    crd,
  };
}

describe('planService', () => {
  it('writes chart, then revision and its surroundings, then the kind; it is ready only when that is served', () => {
    const plan = planService(composition, empty, NOW);

    expect(plan.stages.map(({ name }) => name)).toEqual(['chart', 'revision', 'kind']);
    expect(shown(plan).slice(1)).toEqual([
      'own Revision hello-1',
      expect.stringMatching(/^own ServiceAccount hello-/),
      'own ConfigMap hello-usage',
      'own ResourcePolicy p',
      'own CustomResourceDefinition hellos.platformapi.kubeplus',
    ]);
    expect(ready(plan)).toBe('False');
    expect(plan.status?.status).toBeUndefined();
  });

  it('has nothing to do when all is there, and says so', () => {
    const plan = planService(composition, settled('1'), NOW);

    expect(shown(plan)).toEqual([]);
    expect(ready(plan)).toBe('True');
    expect(plan.status).toMatchObject({
      status: 'New CRD defined in ResourceComposition created successfully.',
      revision: 'hello-1',
      observedGeneration: 3,
    });
  });

  it('says the same when nothing changed later: the status is stable', () => {
    const first = planService(composition, settled('1'), NOW).status;
    const again = planService(
      { ...composition, status: first as ServiceStatus },
      settled('1'),
      NOW + 60_000,
    ).status;

    expect(again).toEqual(first);
  });

  it('makes the next revision for another chart', () => {
    const plan = planService(
      composition,
      { ...settled('1'), chart: { ...chartOf('2'), missingChunks: [] } },
      NOW,
    );

    expect(shown(plan)).toContain('own Revision hello-2');
  });

  it('only remembers another way to the same chart', () => {
    const moved = {
      ...composition,
      spec: {
        ...composition.spec,
        newResource: { ...composition.spec.newResource, chartURL: 'file:///b.tgz' },
      },
    };

    expect(shown(planService(moved, settled('1'), NOW))).toEqual(['patch Revision hello-1']);
  });

  it("puts the kind's definition back when somebody changed it", () => {
    const world = settled('1');
    const changed = {
      ...world.crd,
      spec: { ...world.crd?.spec, scope: 'Cluster' },
    } as CustomResourceDefinition;

    expect(writesOf(planService(composition, { ...world, crd: changed }, NOW))).toMatchObject([
      { verb: 'own', kind: CRD, uid: 'c1' },
    ]);
  });

  it('leaves texts of others alone', () => {
    const world = settled('1');
    const foreign: AnyObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'hello-usage', labels: { 'tenantry.dev/service-uid': 'other' } },
    };

    expect(
      shown(
        planService(
          composition,
          { ...world, existing: new Map([...world.existing, ['ConfigMap/hello-usage', foreign]]) },
          NOW,
        ),
      ),
    ).toEqual([]);
  });

  it('keeps what is registered when the new spec fails, and says why', () => {
    const { chart: _chart, ...world } = settled('1');
    const plan = planService(
      composition,
      { ...world, problems: [{ reason: 'ChartNotFound', message: 'gone', retryMs: 5000 }] },
      NOW,
    );

    expect(shown(plan)).toEqual([]);
    expect(plan.status?.status).toBe('Error:gone');
    expect(findCondition(plan.status?.conditions, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ChartNotFound',
      message: 'gone\nRevision hello-1 stays in use.',
    });
    expect(plan.lookAgainMs).toBe(5000);
  });

  it('tells when the names are taken although the CRD was accepted', () => {
    const world = settled('1');
    const crd = {
      ...world.crd,
      status: { conditions: [{ type: 'NamesAccepted', status: 'False', message: 'taken' }] },
    } as CustomResourceDefinition;
    const plan = planService(composition, { ...world, crd }, NOW);

    expect(findCondition(plan.status?.conditions, 'Stalled')).toMatchObject({
      status: 'True',
      reason: 'NameTaken',
    });
  });
});
