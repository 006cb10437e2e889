import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { REPOSITORY, type Ended } from './programs.ts';
import { TourCluster } from './tour-cluster.ts';
import { consumerTour, helloWorld } from './tour-consumers.ts';

/*
 * A provider on somebody else's cluster: the owner runs one command, and everything else is done with the file that it wrote. A cluster
 * of its own, for the operator is installed here by a provider. About a minute and a half. Then KubePlus's own page, on what is an
 * empty cluster again.
 */

const ECHO = 'localhost/tenantry/http-echo:1.0.0';
const HOST = 'saas';
const FILE = 'kubeplus-saas-provider.json';
const EXAMPLE = join(REPOSITORY, 'examples/multitenancy/hello-world');
const CHART = join(REPOSITORY, 'deploy/chart');

const cluster = new TourCluster();
const { sh, ok, file, may } = cluster;
let owner = '';
const host = (line: string, input?: string): Promise<string> => ok(file(FILE), line, input);
const guest = (line: string, input?: string): Promise<string> => ok(file('acme.json'), line, input);
const rolledOut = (): Promise<string> =>
  ok(owner, `kubectl rollout status -n ${HOST} deployment/kubeplus-operator --timeout=90s`);

const composition = (group: string | undefined, more: object = {}): string =>
  JSON.stringify({
    apiVersion: 'workflows.kubeplus/v1alpha1',
    kind: 'ResourceComposition',
    metadata: { name: 'hello' },
    spec: {
      newResource: {
        resource: {
          kind: 'HelloWorldService',
          plural: 'helloworldservices',
          ...(group === undefined ? {} : { group }),
        },
        chartURL: 'file:///hello-world-chart-0.1.0.tgz',
        ...more,
      },
    },
  });
/** What is ours and belongs to no namespace, but for CRDs, which stay. */
const clusterWide = (): Promise<string> =>
  ok(
    owner,
    'kubectl get clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingwebhookconfigurations,mutatingwebhookconfigurations -o name | grep tenantry || true',
  );
let before = '';

beforeAll(async () => {
  await cluster.up();
  owner = cluster.owner;
  before = await clusterWide();
});
afterAll(() => cluster.down());

describe('the cluster’s owner', () => {
  it('sees the rights first, and grants nothing by looking', async () => {
    const shown = await ok(owner, `tenantry provider-kubeconfig create ${HOST} --dry-run`);

    expect(shown).toMatch(
      /^ServiceAccount kubeplus-saas-provider in namespace saas, a provider, gets these rights:/,
    );
    expect(shown).toContain('ClusterRole tenantry:provider:saas');
    expect((await sh(owner, `kubectl get namespace ${HOST}`)).code).not.toBe(0);
  });

  it('makes the file with KubePlus’s own command, twice without harm', async () => {
    const line = `python3 ${join(REPOSITORY, 'provider-kubeconfig.py')} create ${HOST}`;
    expect(await ok(owner, line)).toMatch(/\nProvider kubeconfig created: kubeplus-saas-provider\.json\n$/);
    expect(await ok(owner, line)).toMatch(/\nProvider kubeconfig created: kubeplus-saas-provider\.json\n$/);

    const { clusters } = JSON.parse(await readFile(file(FILE), 'utf8'));
    expect(clusters[0].cluster).toMatchObject({
      'insecure-skip-tls-verify': false,
      'certificate-authority-data': expect.stringMatching(/^LS0t/),
    });
    expect((await stat(file(FILE))).mode & 0o777).toBe(0o600);
    expect(await readFile(file('provider-kubeconfig.log'), 'utf8')).not.toContain('eyJ');
  });

  it.each(['a;touch pwned', '$(touch pwned)', '../kube-system', 'Kube System'])(
    'runs nothing that stands in a name (%s)',
    async (name) => {
      for (const words of [`create '${name}'`, `create ${HOST} -c '${name}'`]) {
        const { code, stderr } = await sh(owner, `tenantry provider-kubeconfig ${words}`);
        expect(code).toBe(1);
        expect(stderr).toContain('is not a name that Kubernetes takes');
      }
      expect((await sh(owner, 'ls pwned')).code).not.toBe(0);
    },
  );
});

describe('a provider with that file alone', () => {
  it('installs the operator as KubePlus’s users do', async () => {
    await host(`helm install kubeplus ${CHART} --kubeconfig=${FILE} -n ${HOST} ${cluster.imageValues()}`);
    await rolledOut();

    expect(await ok(owner, 'kubectl get pods -A | grep kubeplus | grep Running')).toContain(
      'kubeplus-operator',
    );
    expect(await host(`helm list -n ${HOST}`)).toContain('kubeplus');
  });

  it('upgrades it, by `tenantry install` too', async () => {
    const printed = await host(
      `tenantry install -n ${HOST} --name kubeplus --kubeconfig ${FILE} --image ${cluster.operatorImage} --set image.pullPolicy=Never --set imageRegistry=localhost/tenantry --set replicas=1`,
    );

    expect(printed).toContain(`Tenantry is installed in ${HOST}`);
    expect(await host(`helm history kubeplus -n ${HOST}`)).toContain('deployed');
  });

  it('registers a service, and creates, reaches and changes an instance', async () => {
    await host(`kubectl upload chart ${join(EXAMPLE, 'chart')} ${FILE}`);
    await host(`kubectl create -f ${EXAMPLE}/hello-world-service-composition.yaml --kubeconfig=${FILE}`);
    await host(
      'kubectl wait resourcecomposition/hello-world-service-composition --for=condition=Ready --timeout=60s',
    );
    expect(await host(`kubectl get crds --kubeconfig=${FILE} | grep helloworldservices`)).not.toBe('');
    await host(`kubectl create -f ${EXAMPLE}/hs1.yaml --kubeconfig=${FILE}`);
    await host('kubectl wait helloworldservice/hs1 --for=condition=Ready --timeout=90s');

    expect(await host('kubectl logs -n hs1 $(kubectl get pods -n hs1 -o name | head -1)')).not.toBe('');
    expect(await may(file(FILE), 'create pods --subresource=portforward -n hs1')).toBe('yes');
    await host(`kubectl patch helloworldservice hs1 --type merge -p '{"spec":{"greeting":"changed"}}'`);
    await host("kubectl wait helloworldservice/hs1 --for=jsonpath='{.status.release}'=2 --timeout=60s");
  });

  const no: readonly [string, string][] = [
    ['reads no Secrets of the cluster', 'list secrets -A'],
    ['reads no Secrets of others', 'get secrets -n kube-system'],
    ['reads no Secrets of instances', 'get secrets -n hs1'],
    ['sees no namespaces', 'list namespaces'],
    ['sees no pods of others', 'list pods -n kube-system'],
    ['runs no commands in pods', 'create pods --subresource=exec -n hs1'],
    ['is no other user', 'impersonate users'],
    ['is in no other group', 'impersonate groups'],
    ['is no other account', `impersonate serviceaccounts -n ${HOST}-services`],
    ['binds no roles everywhere', 'create clusterrolebindings'],
    ['makes no cluster-wide roles', 'create clusterroles'],
    ['escalates nothing', `escalate roles -n ${HOST}`],
    ['changes no webhooks', 'update validatingwebhookconfigurations'],
    ['changes no admission policies', 'update validatingadmissionpolicies'],
    ['reaches no kubelet', 'get nodes --subresource=proxy'],
    ['changes no labels of the namespace', `patch namespaces -n ${HOST}`],
  ];
  it.each(no)('%s', async (_what, question) => {
    expect(await may(file(FILE), question)).toBe('no');
  });

  it('defines no kinds and changes none, although Helm makes it hold the right', async () => {
    const crd = JSON.stringify({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'attacks.attack.example' },
      spec: {
        group: 'attack.example',
        scope: 'Namespaced',
        names: { kind: 'Attack', plural: 'attacks' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    });
    expect((await sh(file(FILE), 'kubectl create -f -', crd)).stderr).toContain('a provider creates no CRDs');
    const patch = (body: string): Promise<Ended> =>
      sh(file(FILE), `kubectl patch crd plans.tenantry.dev --type merge -p '${body}'`);
    expect((await patch('{"spec":{"names":{"shortNames":["x"]}}}')).stderr).toContain(
      'a provider changes no CRDs',
    );
    expect((await sh(file(FILE), 'kubectl delete crd plans.tenantry.dev')).code).not.toBe(0);
  });

  it('makes no privileged pods beside the operator', async () => {
    const { stderr } = await sh(
      file(FILE),
      `kubectl create deployment root --image=${ECHO} -n ${HOST} --dry-run=client -o json | sed 's/"resources": {}/"resources": {}, "securityContext": {"privileged": true}/' | kubectl create -f -`,
    );

    expect(stderr).toMatch(/violate PodSecurity "restricted/);
    await vi.waitFor(
      async () =>
        expect(
          await host(`kubectl get deployment root -o jsonpath='{.status.conditions[*].message}'`),
        ).toContain('violates PodSecurity'),
      { timeout: 15_000, interval: 250 },
    );
    expect(await host('kubectl get pods -l app=root -o name')).toBe('');
    await host('kubectl delete deployment root');
  });
});

describe('a second provider in the same cluster', () => {
  const GROUP = 'acme.platformapi.kubeplus';

  it('joins the operator that there is, by the same commands', async () => {
    await ok(owner, 'tenantry provider-kubeconfig create acme -f acme');

    expect(await guest(`helm install mine ${CHART} -n acme`)).toContain(
      `This cluster has an operator already, in namespace ${HOST}: this release joins it`,
    );
    expect(await guest('tenantry install -n acme --name mine')).toContain(
      `in namespace ${HOST}: acme joins it`,
    );
    expect(await ok(owner, 'kubectl get deployments,jobs -n acme -o name')).toBe('');
  });

  it('offers the same kind in a group of its own, and takes no names from the first', async () => {
    await guest(`tenantry chart upload ${join(EXAMPLE, 'chart')} -n acme`);
    const squat = await sh(file('acme.json'), 'kubectl create -f -', composition('platformapi.kubeplus'));
    expect(squat.stderr).toContain("platformapi.kubeplus is not this namespace's own");

    await guest('kubectl create -f -', composition(undefined));
    await guest('kubectl wait resourcecomposition/hello --for=condition=Ready --timeout=60s');
    await guest('kubectl create -f -', helloWorld('a1', GROUP));
    await guest(`kubectl wait helloworldservices.${GROUP}/a1 --for=condition=Ready --timeout=90s`);
    const runsIn = await guest(
      `kubectl get helloworldservices.${GROUP} a1 -o jsonpath='{.status.namespace}'`,
    );
    expect(await guest(`kubectl get pods -n ${runsIn} -o name`)).toContain('pod/');
  });

  it.each([
    ['compositions', `list resourcecompositions.workflows.kubeplus -n ${HOST}`],
    ['compositions of all', 'list resourcecompositions.workflows.kubeplus -A'],
    ['instances', `list helloworldservices.platformapi.kubeplus -n ${HOST}`],
    ['pods of instances', 'list pods -n hs1'],
    ['charts', `get secrets -n ${HOST}`],
    ['accounts', `create serviceaccounts --subresource=token -n ${HOST}`],
    ['services, to delete them', `delete resourcecompositions.workflows.kubeplus -n ${HOST}`],
  ])('reaches none of the first one’s %s', async (_what, question) => {
    expect(await may(file('acme.json'), question)).toBe('no');
    expect(
      await may(file(FILE), question.replaceAll(HOST, 'acme').replaceAll('-n hs1', '-n acme-none')),
    ).toBe('no');
  });

  it('is no provider by a name that contains the word', async () => {
    const fake = 'not-kubeplus-saas-provider';
    await ok(owner, `kubectl create serviceaccount ${fake} -n acme`);
    await ok(
      owner,
      `kubectl create rolebinding fake -n acme --clusterrole=tenantry-edit --serviceaccount=acme:${fake}`,
    );
    await ok(
      owner,
      `kubectl create role writes -n acme --verb=create --resource=resourcecompositions.workflows.kubeplus`,
    );
    await ok(owner, `kubectl create rolebinding writes -n acme --role=writes --serviceaccount=acme:${fake}`);
    const { stderr } = await sh(
      owner,
      `kubectl create -n acme --as=system:serviceaccount:acme:${fake} -f -`,
      composition(undefined).replace('"hello"', '"fake"'),
    );

    expect(stderr).toContain('ResourceComposition instance can only be created by Provider.');
  });
});

describe('consumers', () => consumerTour(cluster, { host: HOST, providerFile: FILE }));

describe('rights that a chart needs', () => {
  const LEASE = 'apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata:\n  name: {{ .Release.Name }}\n';
  const LEASE_INSTANCE = JSON.stringify({
    apiVersion: 'platformapi.kubeplus/v1alpha1',
    kind: 'LeaseService',
    metadata: { name: 'l1' },
    spec: {},
  });
  const lease = JSON.stringify({
    apiVersion: 'workflows.kubeplus/v1alpha1',
    kind: 'ResourceComposition',
    metadata: { name: 'lease' },
    spec: {
      newResource: {
        resource: { kind: 'LeaseService', plural: 'leaseservices' },
        chartURL: 'file:///lease-0.1.0.tgz',
      },
    },
  });

  it('are granted by the file that the denial prints, and taken away by the same', async () => {
    await ok(owner, 'mkdir -p lease/templates');
    await writeFile(file('lease/Chart.yaml'), 'apiVersion: v2\nname: lease\nversion: 0.1.0\n');
    await writeFile(file('lease/templates/lease.yaml'), LEASE);
    await host(`tenantry chart upload lease -n ${HOST}`);
    const denied = await sh(file(FILE), 'kubectl create -f -', lease);
    const [perms = ''] = /\{"perms":.*\}/.exec(denied.stderr) ?? [];
    expect(denied.stderr).toContain('Use provider-kubeconfig.py to add the missing permissions.');
    await writeFile(file('perms.json'), perms);

    expect(await ok(owner, `tenantry provider-kubeconfig update ${HOST} -p perms.json`)).toBe(
      `kubeconfig permissions updated: ${FILE}\n`,
    );
    await host('kubectl create -f -', lease);
    await host('kubectl wait resourcecomposition/lease --for=condition=Ready --timeout=60s');
    await host('kubectl create -f -', LEASE_INSTANCE);
    await host('kubectl wait leaseservice/l1 --for=condition=Ready --timeout=60s');
    expect(await ok(owner, 'kubectl get lease -n l1 -o name')).toContain('leaseservice-l1');
    // In instances of this provider's services only, and not the provider's everywhere.
    expect(await may(file(FILE), 'list leases -n kube-system')).toBe('no');

    await host('kubectl delete leaseservice l1');
    await host('kubectl delete resourcecomposition lease');
    expect(await ok(owner, `tenantry provider-kubeconfig revoke ${HOST} -p perms.json`)).toBe(
      `kubeconfig permissions revoked: ${FILE}\n`,
    );
    expect((await sh(file(FILE), 'kubectl create -f -', lease)).stderr).toContain('missing permissions');
    expect(await ok(owner, `tenantry provider-kubeconfig create ${HOST}`)).toContain('created');
  });
});

describe('tokens', () => {
  it('are renewed by extract, by the provider itself; endless ones only where that is asked for', async () => {
    const before = await readFile(file(FILE), 'utf8');
    await host(`tenantry provider-kubeconfig extract ${HOST} --valid-for 1h -f renewed -k ${FILE}`);
    const { users } = JSON.parse(await readFile(file('renewed.json'), 'utf8'));
    const claims = JSON.parse(Buffer.from(users[0].user.token.split('.')[1], 'base64url').toString());
    expect(claims.exp - claims.iat).toBe(3600);
    expect(await ok(file('renewed.json'), 'kubectl get resourcecompositions -o name')).toContain(
      'hello-world',
    );
    expect(await readFile(file(FILE), 'utf8')).toBe(before);

    await ok(owner, 'tenantry provider-kubeconfig extract shop -c bob --endless -f endless');
    const endless = JSON.parse(await readFile(file('endless.json'), 'utf8')).users[0].user.token;
    expect(JSON.parse(Buffer.from(endless.split('.')[1], 'base64url').toString())).not.toHaveProperty('exp');
  });

  it('are worth nothing once the account is gone', async () => {
    expect(await ok(owner, 'tenantry provider-kubeconfig delete shop2 -c eve')).toContain(
      'deleted ServiceAccount eve',
    );

    const tried = async (): Promise<void> =>
      expect((await sh(file('eve2.json'), 'kubectl get events')).stderr).toMatch(
        /Unauthorized|must be logged in/,
      );
    expect((await sh(owner, 'ls eve.json')).code).not.toBe(0);
    await ok(owner, 'tenantry provider-kubeconfig create shop2 -c eve -f eve2');
    await ok(owner, 'tenantry provider-kubeconfig delete shop2 -c eve');
    await vi.waitFor(tried, { timeout: 20_000, interval: 500 });
  });
});

describe('removing', () => {
  it('keeps the instances, and whoever installs again is asked at admission again', async () => {
    const hs1 = (): Promise<string> =>
      ok(owner, "kubectl get pods -n hs1 -o jsonpath='{.items[*].metadata.uid}'");
    const before = await hs1();
    await host(`helm delete kubeplus -n ${HOST} --timeout 120s`);
    // Nothing waits for an operator that is gone.
    await ok(
      owner,
      `kubectl label helloworldservices.platformapi.kubeplus hs1 -n ${HOST} checked=yes --overwrite`,
    );
    expect(await hs1()).toBe(before);

    await host(`helm install kubeplus ${CHART} -n ${HOST} ${cluster.imageValues()} --set replicas=1`);
    await rolledOut();
    await vi.waitFor(
      async () => {
        const forged = await sh(
          owner,
          `kubectl create -n acme --as=system:serviceaccount:acme:not-kubeplus-saas-provider --dry-run=server -f -`,
          composition(undefined).replace('"hello"', '"fake"'),
        );
        expect(forged.stderr).toContain('can only be created by Provider');
      },
      { timeout: 30_000, interval: 250 },
    );
    await ok(
      owner,
      `kubectl wait helloworldservices.platformapi.kubeplus/hs1 -n ${HOST} --for=condition=Ready --timeout=60s`,
    );
    expect(await hs1()).toBe(before);
  });

  it('gives everything back, with the provider’s file and the owner’s command', async () => {
    await sh(file('bob.json'), 'kubectl delete helloworldservices.platformapi.kubeplus --all');
    await guest('kubectl delete helloworldservices.acme.platformapi.kubeplus --all --timeout=90s');
    await guest('kubectl delete resourcecomposition hello --timeout=60s');
    await host('kubectl delete helloworldservices.platformapi.kubeplus --all --timeout=90s');
    await host('kubectl delete resourcecomposition hello-world-service-composition --timeout=60s');
    await guest('tenantry uninstall -n acme --name mine --instances keep');
    await host(`tenantry uninstall -n ${HOST} --name kubeplus --instances keep --kubeconfig ${FILE}`);
    for (const words of ['acme -f acme', 'shop -c bob', `${HOST} -c kubeplus-saas-consumer`, HOST])
      await ok(owner, `tenantry provider-kubeconfig delete ${words}`);

    expect(await clusterWide()).toBe(before);
    expect((await sh(owner, `ls ${FILE}`)).code).not.toBe(0);
    expect(await ok(owner, `kubectl get serviceaccounts,roles,rolebindings -n ${HOST} -o name`)).toBe(
      'serviceaccount/default\n',
    );
  });
});

describe('KubePlus’s own page', () => {
  it('works from its first step to its last', { timeout: 600_000 }, async () => {
    await ok(owner, 'tenantry plugins install --dir plug-ins');
    const around = `PATH=$PWD/plug-ins:$PATH HELM_ARGS='${cluster.imageValues()}'`;
    const line = `${around} ${REPOSITORY}/examples/kubeplus-tour.sh`;

    expect(await ok(owner, line)).toContain('everything worked as the page shows');
    expect(await clusterWide()).toBe(before);
  });
});
