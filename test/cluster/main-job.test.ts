import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getJson, run, shell } from './programs.ts';

const NS = 'tenantry-system';
const EXAMPLE = 'examples/multitenancy/hello-world';
const KIND = 'helloworldservice';

interface Conditions {
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
    readonly [field: string]: unknown;
  };
}

async function readyCondition(
  what: string,
): Promise<{ status: string; reason: string; message: string } | undefined> {
  const object = await getJson<Conditions>(`${what} -n ${NS}`);
  return object.status?.conditions?.find(({ type }) => type === 'Ready');
}

/** Applies an instance given as YAML; answers how that ended. */
const apply = (yaml: string): ReturnType<typeof shell> =>
  shell(`kubectl apply -n ${NS} -f -`, { input: yaml });

const instance = (name: string, spec = '{}', more = ''): string =>
  `apiVersion: platformapi.kubeplus/v1alpha1\nkind: HelloWorldService\nmetadata: {name: ${name}}\nspec: ${spec}\n${more}`;

/** Waits for a JSONPath of an object to have a value, by kubectl's own watch. */
const waitFor = (what: string, condition: string, seconds = 60): Promise<string> =>
  run(`kubectl wait -n ${NS} ${what} --for=${condition} --timeout=${seconds}s`);

beforeAll(async () => {
  await run(`tenantry chart upload ${EXAMPLE}/chart -n ${NS}`);
  await run(`kubectl apply -n ${NS} -f ${EXAMPLE}/hello-world-service-composition.yaml`);
  await waitFor('resourcecomposition/hello-world-service-composition', 'condition=Ready');
  await run(`kubectl apply -n ${NS} -f ${EXAMPLE}/hs1.yaml -f ${EXAMPLE}/hs2.yaml`);
  await waitFor(`${KIND}/hs1 ${KIND}/hs2`, 'condition=Ready', 120);
});

afterAll(async () => {
  await shell(
    `kubectl label resourcecomposition hello-world-service-composition -n ${NS} delete=true --overwrite`,
  );
  await shell(
    `kubectl delete resourcecomposition hello-world-service-composition -n ${NS} --wait --timeout=120s`,
  );
});

describe('a registered service', () => {
  it('says so as KubePlus does, and by conditions', async () => {
    const composition = await getJson<Conditions>(
      `resourcecomposition hello-world-service-composition -n ${NS}`,
    );

    expect(composition.status?.['status']).toBe(
      'New CRD defined in ResourceComposition created successfully.',
    );
    expect((await readyCondition('resourcecomposition/hello-world-service-composition'))?.status).toBe(
      'True',
    );
  });

  it('explains the chart’s values by their comments', async () => {
    expect(await run(`kubectl explain ${KIND}.spec`)).toMatch(/greeting/);
  });

  it('prints columns', async () => {
    expect(await run(`kubectl get ${KIND} -n ${NS}`)).toMatch(
      /NAME +READY +VERSION +NAMESPACE +AGE\nhs1 +True/,
    );
  });

  it('can’t be deleted while it has instances, which the denial names', async () => {
    const { code, stderr } = await shell(
      `kubectl delete resourcecomposition hello-world-service-composition -n ${NS}`,
    );

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/hs1/);
    expect(stderr).toMatch(/hs2/);
  });
});

describe('an instance', () => {
  it('stands in a namespace of its own behind its policies', async () => {
    const listed = await run(
      'kubectl get resourcequota,limitrange,networkpolicy,rolebinding,deployment -n hs1 -o name',
    );

    expect(listed).toMatch(/resourcequota\/helloworldservice-hs1/);
    expect(listed).toMatch(/limitrange\//);
    expect(listed).toMatch(/networkpolicy.*\/restrict-cross-ns-traffic/);
    expect(listed).toMatch(/networkpolicy.*\/allow-external-traffic/);
    expect(listed).toMatch(/deployment/);
  });

  it('is a Helm release to a stock helm', async () => {
    expect(await run('helm list -n hs1')).toMatch(/helloworldservice-hs1\s+hs1\s+1\s+.*deployed/);
    expect(await run('helm get values helloworldservice-hs1 -n hs1')).toMatch(
      /greeting: Hello from the first instance/,
    );
  });

  it('follows a patch of its spec', async () => {
    await run(`kubectl patch ${KIND} hs1 -n ${NS} --type merge -p '{"spec":{"replicas":2}}'`);

    await waitFor(`${KIND}/hs1`, "jsonpath='{.status.release}'=2");
    await run(
      `kubectl wait -n hs1 deployment --all --for=jsonpath='{.status.readyReplicas}'=2 --timeout=60s`,
    );
    expect(await run('helm history helloworldservice-hs1 -n hs1')).toMatch(/2\s.*deployed/);
  });

  it('puts back what somebody deletes or changes', async () => {
    await run('kubectl delete networkpolicy restrict-cross-ns-traffic -n hs1');
    await run('kubectl wait -n hs1 networkpolicy/restrict-cross-ns-traffic --for=create --timeout=30s');
    const deployment = (await run('kubectl get deployment -n hs1 -o name')).trim();
    await run(`kubectl scale ${deployment} -n hs1 --replicas=1`);

    await run(`kubectl wait -n hs1 ${deployment} --for=jsonpath='{.spec.replicas}'=2 --timeout=30s`);
  });

  it('refuses a field that the chart’s schema refuses, by name, value and rule, and creates nothing', async () => {
    const { code, stderr } = await apply(instance('hs-bad', '{replicas: many}'));

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/spec\.replicas/);
    expect((await shell('kubectl get namespace hs-bad')).code).not.toBe(0);
  });

  it('is exact under --dry-run=server', async () => {
    const { code } = await shell(`kubectl apply -n ${NS} --dry-run=server -f -`, {
      input: instance('hs-dry'),
    });

    expect(code).toBe(0);
    expect((await shell(`kubectl get ${KIND} hs-dry -n ${NS}`)).code).not.toBe(0);
    expect((await shell('kubectl get namespace hs-dry')).code).not.toBe(0);
  });

  it('leaves a namespace alone that is not its own, and says what to do', async () => {
    await run('kubectl create namespace taken');
    try {
      await apply(instance('taken'));
      await waitFor(`${KIND}/taken`, 'jsonpath=\'{.status.conditions[?(@.type=="Ready")].status}\'=False');

      const ready = await readyCondition(`${KIND}/taken`);
      expect(ready?.message).toMatch(/taken/);
      expect(await run('kubectl get resourcequota,networkpolicy -n taken -o name')).toBe('');
      await run(`kubectl delete ${KIND} taken -n ${NS} --wait --timeout=60s`);
      await run('kubectl get namespace taken');
    } finally {
      await shell(`kubectl delete ${KIND} taken -n ${NS} --timeout=30s`);
      await shell('kubectl delete namespace taken');
    }
  });

  it('tells about a pod that can’t start in the pod’s own words', async () => {
    const { stderr } = await apply(instance('hs-pull', '{image: "docker.io/library/nothing:none"}'));
    expect(stderr).toBe('');
    try {
      await waitFor(`${KIND}/hs-pull`, 'jsonpath=\'{.status.conditions[?(@.type=="Ready")].status}\'=False');
      await expect
        .poll(async () => (await readyCondition(`${KIND}/hs-pull`))?.message, {
          timeout: 60_000,
          interval: 500,
        })
        .toMatch(/image|pull/i);
    } finally {
      await run(`kubectl delete ${KIND} hs-pull -n ${NS} --wait --timeout=120s`);
    }
  });

  it('goes with everything of it, and only then', async () => {
    await apply(instance('hs-gone'));
    await waitFor(`${KIND}/hs-gone`, 'condition=Ready', 120);

    await run(`kubectl delete ${KIND} hs-gone -n ${NS} --wait --timeout=120s`);

    expect((await shell('kubectl get namespace hs-gone')).code).not.toBe(0);
  });
});

describe('isolation, with real packets', () => {
  const probe = (from: string, target: string): ReturnType<typeof shell> =>
    shell(
      `kubectl exec -n ${from} deploy/$(kubectl get deployment -n ${from} -o jsonpath='{.items[0].metadata.name}') -- /http-echo -get http://${target}/`,
    );
  const addressOf = async (ns: string): Promise<string> =>
    (
      await run(
        `kubectl get service -n ${ns} -o jsonpath='{.items[0].spec.clusterIP}:{.items[0].spec.ports[0].port}'`,
      )
    ).trim();

  it('lets an instance reach itself', async () => {
    const { stdout, stderr } = await probe('hs1', await addressOf('hs1'));

    expect(stdout + stderr).toMatch(/Hello from the first instance/);
  });

  it('keeps an instance from another', async () => {
    const { code, stdout } = await probe('hs1', await addressOf('hs2'));

    expect(code).not.toBe(0);
    expect(stdout).not.toMatch(/Hello/);
  });

  it('holds the quota', async () => {
    const { code, stderr } = await shell(
      `kubectl run large -n hs1 --image=localhost/x --overrides='{"spec":{"containers":[{"name":"x","image":"localhost/x","resources":{"requests":{"cpu":"100m","memory":"128Mi"},"limits":{"cpu":"500m","memory":"256Mi"}}}]}}'`,
    );

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/exceeded quota/);
  });
});

describe('the operator', () => {
  it('killed in the middle of a change goes on by itself', async () => {
    const pods = (await run(`kubectl get pods -n ${NS} -l app.kubernetes.io/component=operator -o name`))
      .trim()
      .split('\n');
    await apply(instance('hs-kill'));

    await run(`kubectl delete ${pods.join(' ')} -n ${NS} --grace-period=0 --force --wait=false`);

    await waitFor(`${KIND}/hs-kill`, 'condition=Ready', 120);
    expect(await run('helm list -n hs-kill')).toMatch(/deployed/);
    // Admission is back when the Service leads to the new pods; until then the API server says so.
    await expect
      .poll(async () => (await shell(`kubectl delete ${KIND} hs-kill -n ${NS} --wait=false`)).code, {
        timeout: 60_000,
        interval: 500,
      })
      .toBe(0);
    await run(`kubectl wait ${KIND}/hs-kill -n ${NS} --for=delete --timeout=120s`);
  });
});
