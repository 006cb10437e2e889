import { writeFile } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import type { Ended } from './programs.ts';
import type { TourCluster } from './tour-cluster.ts';

/** An instance of the hello world service. */
export const helloWorld = (name: string, group = 'platformapi.kubeplus', more: object = {}): string =>
  JSON.stringify({
    apiVersion: `${group}/v1alpha1`,
    kind: 'HelloWorldService',
    metadata: { name, ...more },
    spec: { greeting: `I am ${name}` },
  });

/** Where the operator is, and the file of its provider. */
interface Place {
  readonly host: string;
  readonly providerFile: string;
}

/** The part of the provider's tour that consumers see: after a second provider has joined, both offering the same kind. */
export function consumerTour(cluster: TourCluster, { host, providerFile }: Place): void {
  const { sh, ok, file, may } = cluster;
  const owner = (): string => cluster.owner;
  const provider = (line: string): Promise<string> => ok(file(providerFile), line);

  const bob = (line: string, input?: string): Promise<Ended> => sh(file('bob.json'), line, input);

  it('get exactly the kinds granted, and what was granted before stays', async () => {
    expect(await ok(owner(), 'tenantry provider-kubeconfig create shop -c bob')).toContain(
      'Consumer kubeconfig created: bob.json',
    );
    await ok(owner(), 'tenantry provider-kubeconfig create shop2 -c eve');
    expect((await bob('kubectl create -f -', helloWorld('b1'))).stderr).toContain('forbidden');

    const grant = `tenantry grantpermission consumer`;
    expect(await ok(owner(), `${grant} helloworldservices.platformapi.kubeplus -n shop -c bob`)).toBe(
      'Consumer granted permission on helloworldservices.platformapi.kubeplus.\n',
    );
    await ok(owner(), `${grant} helloworldservices.acme.platformapi.kubeplus -n shop -c bob`);
    await ok(owner(), `${grant} helloworldservices.platformapi.kubeplus -n shop2 -c eve`);

    const shown = await ok(owner(), 'tenantry show consumer permissions shop bob');
    expect(shown).toMatch(/^Resources +Non-Resource URLs +Resource Names +Verbs\n/);
    expect(shown).toMatch(
      /helloworldservices\.platformapi\.kubeplus +\[\] +\[\] +\[create delete get list patch update watch\]/,
    );
    expect(shown).toContain('helloworldservices.acme.platformapi.kubeplus');
    expect((await sh(owner(), `${grant} nothings -n shop -c bob`)).code).toBe(1);
  });

  it('see what runs in their own instances: pods, logs, ports', async () => {
    expect(
      (
        await bob(
          'kubectl create -f -',
          helloWorld('b1', undefined, { annotations: { accountidentity: 'eve' } }),
        )
      ).code,
    ).toBe(0);
    await ok(
      file('bob.json'),
      'kubectl wait helloworldservices.platformapi.kubeplus/b1 --for=condition=Ready --timeout=90s',
    );
    const get = (path: string): Promise<string> =>
      ok(file('bob.json'), `kubectl get helloworldservices.platformapi.kubeplus b1 -o jsonpath='${path}'`);
    const runsIn = await get('{.status.namespace}');
    const pod = (await ok(file('bob.json'), `kubectl get pods -n ${runsIn} -o name`)).split('\n')[0] ?? '';

    expect(await ok(file('bob.json'), `kubectl logs -n ${runsIn} ${pod}`)).not.toBe('');
    expect(await may(file('bob.json'), `create pods --subresource=portforward -n ${runsIn}`)).toBe('yes');
    expect(await get('{.metadata.annotations.accountidentity}')).toBe('system:serviceaccount:shop:bob');
    await bob('kubectl annotate --overwrite helloworldservices.platformapi.kubeplus b1 accountidentity=eve');
    expect(await get('{.metadata.annotations.accountidentity}')).toBe('system:serviceaccount:shop:bob');
    for (const question of [
      'get secrets',
      'create pods --subresource=exec',
      'delete pods',
      'get configmaps',
      'patch networkpolicies',
    ])
      expect(await may(file('bob.json'), `${question} -n ${runsIn}`)).toBe('no');
    expect(await may(file('eve.json'), `list pods -n ${runsIn}`)).toBe('no');
    // The provider of the service sees it, too; the other provider does not.
    expect(await may(file(providerFile), `list pods -n ${runsIn}`)).toBe('yes');
    expect(await may(file('acme.json'), `list pods -n ${runsIn}`)).toBe('no');
  });

  it('look into nothing that the operator opens to groups: it may bind users and accounts only', async () => {
    const binding = (subject: object): string =>
      JSON.stringify({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'attack', namespace: 'hs1' },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: 'tenantry-instance-reader',
        },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
      });
    const bind = (subject: object): Promise<Ended> =>
      sh(
        owner(),
        `kubectl create --dry-run=server --as=system:serviceaccount:${host}:tenantry-operator -f -`,
        binding(subject),
      );

    expect((await bind({ kind: 'User', name: 'alice' })).code).toBe(0);
    for (const subject of [
      { kind: 'Group', name: 'system:authenticated' },
      { kind: 'User', name: 'system:anonymous' },
    ])
      expect((await bind(subject)).stderr).toContain('the operator binds only');
  });

  it('read nothing of the cluster, whatever there is', async () => {
    const own = /^(selfsubject\w+\.|clustertrustbundles|events|helloworldservices\.|Resources |namespaces )/;
    for (const namespace of ['kube-system', host, 'acme', 'shop2', 'hs1']) {
      const list = await ok(file('bob.json'), `kubectl auth can-i --list -n ${namespace} --no-headers`);
      const more = list
        .split('\n')
        .filter((line) => line.trim() !== '' && !line.startsWith(' ') && !own.test(line));
      expect({ namespace, more }).toEqual({ namespace, more: [] });
      expect(list).not.toMatch(/^(events|helloworldservices)/m);
    }
    for (const question of [
      'impersonate users',
      'impersonate groups',
      'create tokenreviews',
      'list secrets -A',
      'create serviceaccounts --subresource=token -n shop',
    ])
      expect(await may(file('bob.json'), question)).toBe('no');
  });

  it('take over no names: an instance of theirs never gets a namespace that others could want', async () => {
    expect((await bob('kubectl create -f -', helloWorld('acme'))).code).toBe(0);
    const runsIn = await vi.waitFor(
      async () => {
        const name = (
          await bob(
            "kubectl get helloworldservices.platformapi.kubeplus acme -o jsonpath='{.status.namespace}'",
          )
        ).stdout;
        expect(name).not.toBe('');
        return name;
      },
      { timeout: 30_000, interval: 250 },
    );
    expect(runsIn).toMatch(/^shop-acme-[0-9a-f]{10}$/);
    await bob('kubectl delete helloworldservices.platformapi.kubeplus acme');
  });

  it('are made by a provider in its own namespace, too', async () => {
    expect(await provider(`tenantry grantpermission consumer helloworldservices ${providerFile}`)).toBe(
      'Consumer granted permission on helloworldservices.\n',
    );
    await writeFile(
      file('consumer.json'),
      await provider(`tenantry retrieve kubeconfig consumer -k ${providerFile}`),
    );

    expect(
      await ok(file('consumer.json'), 'kubectl get helloworldservices.platformapi.kubeplus -o name'),
    ).toContain('hs1');
    expect(await may(file('consumer.json'), 'get secrets')).toBe('no');
    expect(await provider(`tenantry show consumer permissions ${host} kubeplus-saas-consumer`)).toContain(
      'helloworldservices',
    );
    expect(await provider(`tenantry show provider permissions ${host}`)).toContain('register');
  });
}
