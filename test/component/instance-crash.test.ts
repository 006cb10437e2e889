import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  LIMIT_RANGE,
  NETWORK_POLICY,
  RESOURCE_QUOTA,
  ROLE_BINDING,
  SECRET,
  SERVICE,
  SERVICE_ACCOUNT,
} from '../../src/kube/builtin-kinds.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { decodeRelease } from '../../src/helm/release-secret.ts';
import { eventually } from '../doubles/eventually.ts';
import { fourObjects, InstanceRig, isWrite, object, OPERATOR, SHOP } from './instance-rig.ts';

/** More boundaries than any of the stories below has; each test says how many there really are. */
const MANY = 40;

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
  // Random, as a chart's passwords are: a second rendering would show.
  let random = 0;
  rig.engine.template = (request) => [
    ...fourObjects(request),
    object('v1', 'ConfigMap', 'random', {
      data: { value: JSON.stringify([request.values['title'], (random += 1)]) },
    }),
  ];
});
afterEach(() => rig.close());

const KINDS = [
  CONFIG_MAP,
  DEPLOYMENT,
  LIMIT_RANGE,
  NETWORK_POLICY,
  RESOURCE_QUOTA,
  ROLE_BINDING,
  SECRET,
  SERVICE,
  SERVICE_ACCOUNT,
];

/** What stands in a namespace, without what differs from run to run. */
function picture(name: string): unknown {
  const objects = KINDS.flatMap((kind) => rig.objects<KubeObject>(kind, name));
  const { labels, annotations } = rig.namespace(name)?.metadata ?? {};
  const stable = JSON.stringify([labels, annotations?.['meta.helm.sh/release-name'], objects.map(body)]);
  return JSON.parse(
    stable
      .replaceAll(name, 'NAME')
      .replace(/"[0-9a-f]{8}-[0-9a-f-]{27}"/g, '"UID"')
      .replace(/"10\.96\.\d+\.\d+"/g, '"ADDRESS"')
      .replace(/"nodePort":\d+/g, '"nodePort":0'),
  );
}

function body(one: KubeObject): unknown {
  const { metadata, ...rest } = one;
  const { name, labels, annotations } = metadata;
  if ('type' in rest && rest.type === 'helm.sh/release.v1') {
    const record = decodeRelease(one);
    return [record.name, record.version, record.info.status, record.config, record.hooks];
  }
  // Numbers of renderings differ between instances; that there was one rendering per change is checked apart.
  const data = name === 'random' ? {} : rest;
  const { modifiedAt: _modified, ...stable } = labels ?? {};
  return [name, stable, Object.keys(annotations ?? {}), data];
}

/** Ends the process before (or after, unanswered) the n-th write and starts a new one. Answers whether there were so many. */
async function crashAt(
  write: number,
  how: 'before' | 'after',
  act: () => Promise<unknown>,
  done: () => Promise<boolean>,
): Promise<boolean> {
  const begin = rig.asked().filter(isWrite).length;
  const count = (): number => rig.asked().filter(isWrite).length - begin;
  // The record of a request exists before faults are asked: the n-th counts itself.
  const fault = rig.api.fail((request) => request.user !== 'tester' && isWrite(request) && count() >= write, {
    reset: how,
  });
  await act();
  await eventually('the crash, or the end', async () => fault.hits > 0 || (await done()));
  const crashed = fault.hits > 0;
  await rig.stop();
  fault.remove();
  await rig.restart();
  await eventually('it goes on to the end', done);
  await rig.quiet();
  return crashed;
}

const says = async (name: string, title: string): Promise<boolean> => {
  const found = await rig.find(name);
  const map = rig.objects(CONFIG_MAP, name).find(({ metadata }) => metadata.name === 'settings');
  const reason = found?.status?.conditions?.find(({ type }) => type === 'Applied');
  return (
    map?.data?.['title'] === title &&
    reason?.status === 'True' &&
    reason.observedGeneration === found?.metadata.generation
  );
};

describe.each(['before', 'after'] as const)('a crash %s a write', (how) => {
  it('of an install ends as without it', { timeout: 60_000 }, async () => {
    await rig.create('calm', { title: 'A' });
    await eventually('the calm one is through', () => says('calm', 'A'));
    await rig.quiet();
    const wanted = picture('calm');

    let boundaries = 0;
    for (let n = 1; n < MANY; n += 1) {
      const name = `shop${n}`;
      const renderings = rig.engine.renderings.length;
      const crashed = await crashAt(
        n,
        how,
        () => rig.create(name, { title: 'A' }),
        () => says(name, 'A'),
      );
      expect(picture(name), `crash at write ${n}`).toEqual(wanted);
      // Once the release is recorded, it is never rendered again.
      expect(rig.engine.renderings.length - renderings).toBeLessThanOrEqual(n <= 8 ? 2 : 1);
      if (!crashed) break;
      boundaries = n;
    }
    expect(boundaries).toBeGreaterThanOrEqual(14);
  });

  it('of an upgrade ends as without it', { timeout: 60_000 }, async () => {
    const upgrade = (name: string) => rig.patch(name, { spec: { title: 'B' } });
    await rig.create('calm', { title: 'A' });
    await eventually('the calm one is through', () => says('calm', 'A'));
    await upgrade('calm');
    await eventually('the calm one is upgraded', () => says('calm', 'B'));
    await rig.quiet();
    const wanted = picture('calm');

    let boundaries = 0;
    for (let n = 1; n < MANY; n += 1) {
      const name = `shop${n}`;
      await rig.create(name, { title: 'A' });
      await eventually('the first release is through', () => says(name, 'A'));
      await rig.quiet();
      const crashed = await crashAt(
        n,
        how,
        () => upgrade(name),
        () => says(name, 'B'),
      );
      expect(picture(name), `crash at write ${n}`).toEqual(wanted);
      if (!crashed) break;
      boundaries = n;
    }
    expect(boundaries).toBeGreaterThanOrEqual(5);
  });

  it('of a deletion leaves nothing behind', { timeout: 60_000 }, async () => {
    let boundaries = 0;
    for (let n = 1; n < MANY; n += 1) {
      const name = `shop${n}`;
      await rig.create(name, { title: 'A' });
      await eventually('it is through', () => says(name, 'A'));
      await rig.quiet();
      const crashed = await crashAt(
        n,
        how,
        () => rig.client.delete(SHOP, { namespace: OPERATOR, name }),
        async () => (await rig.find(name)) === undefined,
      );
      expect(rig.namespace(name)).toBeUndefined();
      if (!crashed) break;
      boundaries = n;
    }
    expect(boundaries).toBeGreaterThanOrEqual(6);
  });
});
