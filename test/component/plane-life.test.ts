import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONTROL_PLANE } from '../../src/api/control-plane.ts';
import {
  DEPLOYMENT,
  NAMESPACE,
  NETWORK_POLICY,
  ROLE_BINDING,
  SECRET,
  SERVICE,
  STATEFUL_SET,
} from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { eventually, PROGRAMS, startPlaneRig, type PlaneRig } from './plane-rig.ts';

const KINDS: readonly Kind[] = [DEPLOYMENT, STATEFUL_SET, SERVICE, SECRET, NETWORK_POLICY, ROLE_BINDING];

let rig: PlaneRig;

beforeEach(async () => {
  rig = await startPlaneRig();
});
afterEach(() => rig.end());

const message = (name: string): string => rig.condition(name, 'Ready')?.message ?? '';

/** A plane that runs nothing and of which all was said. */
async function asleep(name: string): Promise<void> {
  await rig.create(name, { hibernate: true });
  await eventually(`${name} sleeps`, () => message(name).includes('hibernates'));
  for (const program of PROGRAMS) await rig.rollOut(name, program);
}

/** What the operator asked for and wrote about a plane since `from`. */
function callsAbout(name: string, from: number): readonly string[] {
  return api()
    .slice(from)
    .filter(({ user, path }) => user !== 'tester' && new RegExp(`/${name}(-system)?(/|$)`).test(path))
    .map(({ method, path }) => `${method} ${path}`);
}
const api = () => rig.api.requests;

describe('a plane that hibernates', () => {
  it('costs not one call, not even of an operator that starts', async () => {
    await asleep('a');
    const from = api().length;

    await rig.restart();
    await rig.change('a', { metadata: { labels: { looked: 'at' } } });
    // By then that one was looked at: it came first.
    await rig.create('b');
    await rig.ready('b');

    expect(callsAbout('a', from)).toEqual([]);
    expect(callsAbout('b', from)).not.toEqual([]);
  });

  it('is put to sleep again where somebody starts one of its programs', async () => {
    await asleep('a');
    await rig.restart();

    const ref = { namespace: 'a-system', name: 'kube-apiserver' };
    await rig.client.patch(DEPLOYMENT, ref, { type: 'merge', body: { spec: { replicas: 1 } } });

    await eventually('it is stopped', () => rig.deployment('a', 'kube-apiserver')?.spec?.replicas === 0);
  });

  it('goes when it is deleted', async () => {
    await asleep('a');
    await rig.restart();

    await rig.client.delete(CONTROL_PLANE, { name: 'a' });

    await eventually('it is gone', () => rig.plane('a') === undefined);
  });
});

describe('planes with an end', () => {
  it('are deleted when it comes, twenty at once, and leave nothing', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `e${index}`);
    await Promise.all(names.map((name) => rig.create(name, { ttl: '3s' })));
    await rig.create('stays', { ttl: '1h' });
    await rig.ready('stays');

    await eventually('they are gone', () => names.every((name) => rig.plane(name) === undefined));

    expect(rig.plane('stays')).toBeDefined();
    const left = KINDS.flatMap((kind) => rig.api.objects(kind).map(({ metadata }) => metadata.namespace));
    expect(new Set(left)).toEqual(new Set(['stays-system']));
    expect(
      rig.api
        .objects(NAMESPACE)
        .map(({ metadata }) => metadata.name)
        .filter((name) => /^e\d/.test(name)),
    ).toEqual([]);
  });

  it('go from their sleep, too', async () => {
    await asleep('a');

    await rig.change('a', { spec: { ttl: '1s' } });

    await eventually('it is gone', () => rig.plane('a') === undefined);
  });
});
