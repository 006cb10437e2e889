import { describe, expect, it } from 'vitest';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../src/api/resource-composition.ts';
import { RESOURCE_POLICY } from '../../src/api/resource-policy.ts';
import { REVISION } from '../../src/api/revision.ts';
import { rollBack, type RolledBack } from '../../src/cli/rollback/roll-back.ts';
import { readHistory, revisionToGoTo, type ServiceHistory } from '../../src/cli/rollback/service-history.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { eventually } from '../doubles/eventually.ts';
import { startPlugins } from './plugin-rig.ts';
import { chart, composition, isReady, NAMESPACE, reasonOf, useServiceRig } from './service-rig.ts';

const SCHEMA = { type: 'object', properties: { greeting: { type: 'string', maxLength: 9 } } };
const changed = {
  spec: {
    newResource: { chart: { digest: null }, providerValues: { replicas: 3 }, schema: SCHEMA },
    policies: { egress: 'closed' },
  },
};

describe('a service that is set back', { timeout: 180_000 }, () => {
  const rig = useServiceRig();

  /** A busy machine renders a chart in seconds what takes milliseconds elsewhere. */
  const until = async (wanted: (found: ResourceComposition) => boolean): Promise<ResourceComposition> =>
    eventually(
      'the service is as wanted',
      async () => {
        const ref = { namespace: NAMESPACE, name: 'hello' };
        const found = await rig().client.get(RESOURCE_COMPOSITION, ref);
        return wanted(found) ? found : undefined;
      },
      60_000,
    );
  const register = async (): Promise<ResourceComposition> => {
    await rig().client.create(RESOURCE_COMPOSITION, composition());
    return until(isReady);
  };
  const history = (): Promise<ServiceHistory> =>
    readHistory({ client: rig().client, namespace: 'elsewhere' }, 'helloservice', NAMESPACE);
  const goBack = async (number?: number, dryRun = false): Promise<RolledBack> => {
    const { client, engine } = { client: rig().client, engine: rig().deps().engine };
    const found = await history();
    return rollBack({ client, clock: systemClock, engine, dryRun }, found, revisionToGoTo(found, number));
  };
  /** Registered as 0.1.0, then as 0.2.0 with other values, policies and a schema. */
  const twice = async (): Promise<void> => {
    await rig().upload(chart());
    await register();
    await rig().upload(chart({}, '0.2.0'), 'newer.tgz');
    const { newResource, policies } = changed.spec;
    await rig().patch({ spec: { newResource: { ...newResource, chartURL: 'file:///newer.tgz' }, policies } });
    await until((found) => isReady(found) && found.status?.chart?.version === '0.2.0');
  };

  it('becomes a revision that says what the earlier one said, though its upload is another one now', async () => {
    await twice();
    await rig().upload(chart({}, '0.9.0'), 'hello-0.1.0.tgz');
    await rig().upload(chart({}, '0.9.0'));
    const [first] = rig().revisions();

    expect(await goBack(undefined, true)).toMatchObject({ changed: true });
    expect(rig().revisions()).toHaveLength(2);
    const done = await goBack();

    expect(done).toMatchObject({ changed: true, leftSource: 'file:///newer.tgz', overruled: undefined });
    expect(done.fields).toEqual(
      expect.arrayContaining(['spec.newResource.chartURL', 'spec.newResource.schema', 'spec.policies']),
    );
    const ready = await until((found) => isReady(found) && found.status?.revision === 'hello-3');
    expect(ready.status?.chart).toMatchObject({ version: '0.1.0', digest: first?.spec.chart.digest });
    const third = await rig().client.get(REVISION, { namespace: NAMESPACE, name: 'hello-3' });
    expect(third.spec).toEqual({ ...first?.spec, number: 3 });
    expect((await goBack(3)).changed).toBe(false);
  });

  it('goes forward again, with the schema of its own', async () => {
    await twice();
    const [, second] = rig().revisions();
    await goBack(1);
    await until((found) => isReady(found) && found.status?.revision === 'hello-3');

    await goBack(2);

    await until((found) => isReady(found) && found.status?.revision === 'hello-4');
    const fourth = await rig().client.get(REVISION, { namespace: NAMESPACE, name: 'hello-4' });
    const { valuesSchema, ...rest } = second?.spec ?? {};
    expect(fourth.spec).toMatchObject({ ...rest, number: 4 });
    const ref = { namespace: NAMESPACE, name: 'hello' };
    const { spec } = await rig().client.get(RESOURCE_COMPOSITION, ref);
    // Made fit for partial values twice, it says the same in more words.
    expect(spec.newResource.schema).toEqual(valuesSchema);
  });

  it('goes back to what runs where a change was refused', async () => {
    await rig().upload(chart());
    const { spec } = await register();
    await rig().patch({ spec: { newResource: { chartURL: 'file:///gone.tgz', providerValues: { a: 1 } } } });
    await until((found) => reasonOf(found) === 'ChartNotFound');

    await goBack();

    const ready = await until(isReady);
    expect(ready.status?.revision).toBe('hello-1');
    expect(ready.spec.newResource).not.toHaveProperty('providerValues');
    expect(ready.spec.newResource.resource).toEqual(spec.newResource.resource);
  });

  it('names the ResourcePolicy that keeps a policy as it is', async () => {
    await rig().upload(chart());
    await register();
    await rig().client.create(RESOURCE_POLICY, {
      apiVersion: 'workflows.kubeplus/v1alpha1',
      kind: 'ResourcePolicy',
      metadata: { name: 'few-pods', namespace: NAMESPACE },
      spec: { resource: { kind: 'HelloService' }, policy: { quota: { pods: '3' } } },
    });
    await until((found) => isReady(found) && found.status?.revision === 'hello-2');

    expect((await goBack()).overruled).toEqual({ fields: ['counts'], by: 'few-pods' });
  });

  it('is shown and set back on the command line', async () => {
    await rig().upload(chart());
    await register();
    await rig().patch({ spec: { newResource: { providerValues: { replicas: 3 } } } });
    await until((found) => isReady(found) && found.status?.revision === 'hello-2');
    const shell = await startPlugins(rig().api.url, { token: 'provider', namespace: 'elsewhere' });
    const type = async (...words: readonly string[]): Promise<string> => {
      const typed = await shell.type('tenantry', ...words, '-n', NAMESPACE);
      expect(typed).toMatchObject({ err: '', failed: false });
      return typed.out;
    };
    try {
      expect((await type('history', 'helloservice')).replaceAll(/ +/g, ' ')).toMatch(
        /^REVISION CHART .*\n1 hello-0\.1\.0 1 \S+ 0 registered\n2 hello-0\.1\.0 1 \S+ 0 provider values\n$/,
      );
      const said = 'hello goes back to revision 1, hello-0.1.0: spec.newResource.providerValues\n';
      expect(await type('rollback', 'hello', '--dry-run')).toBe(`${said}Nothing was changed.\n`);
      expect(await type('rollback', 'hello', '1')).toContain(`${said}It is revision hello-3 now`);
    } finally {
      await shell.close();
    }
  });

  it('is not, where there is nothing to go back to', async () => {
    await rig().upload(chart());
    await register();

    await expect(goBack()).rejects.toThrow('hello has one revision only');
    await expect(goBack(7)).rejects.toThrow('hello has no revision 7');
    await expect(readHistory({ client: rig().client, namespace: 'x' }, 'nothing', NAMESPACE)).rejects.toThrow(
      'there is no service nothing in namespace tenantry',
    );
  });
});
