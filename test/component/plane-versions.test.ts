import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENT } from '../../src/kube/builtin-kinds.ts';
import { eventually, PROGRAMS, startPlaneRig, type PlaneRig } from './plane-rig.ts';

let rig: PlaneRig;

beforeEach(async () => {
  rig = await startPlaneRig();
});
afterEach(() => rig.end());

/** Versions of API servers and controllers as they are written. */
const versions = (): readonly (string | undefined)[] =>
  PROGRAMS.map((program) =>
    rig.deployment('a', program)?.spec?.template.spec?.containers[0]?.image?.replace(/^.*:v/, ''),
  );
const are = (...wanted: readonly string[]): Promise<unknown> =>
  eventually(`versions are ${wanted.join(' and ')}`, () => versions().join() === wanted.join());

describe('the version of a plane', () => {
  it('is kept when another one is the newest', async () => {
    await rig.create('a', { version: '1.35' });
    await rig.ready('a');

    await rig.change('a', { spec: { version: null } });
    await eventually('it is seen', () => rig.plane('a')?.status?.observedGeneration === 2);

    expect(versions()).toEqual(['1.35.4', '1.35.4']);
    expect(rig.plane('a')?.status?.version).toBe('1.35.4');
    expect(rig.condition('a', 'UpToDate')).toMatchObject({ status: 'True', message: 'Runs 1.35.4' });
  });

  it('is raised minor by minor, controllers once all API servers are there', async () => {
    await rig.create('a', { version: '1.35' });
    await rig.ready('a');

    await rig.change('a', { spec: { version: '1.37' } });
    await are('1.36.3', '1.35.4');
    await eventually('it says so', () => rig.condition('a', 'UpToDate')?.status === 'False');
    expect(rig.condition('a', 'UpToDate')?.message).toBe(
      'On the way to 1.37.1: API servers 1.36.3, controllers 1.35.4',
    );
    expect(rig.condition('a', 'Ready')?.status).toBe('True');
    await rig.rollOut('a', 'kube-apiserver');
    await are('1.36.3', '1.36.3');
    await rig.rollOut('a', 'kube-controller-manager');
    await are('1.37.1', '1.36.3');
    await rig.rollOut('a', 'kube-apiserver');
    await are('1.37.1', '1.37.1');
    await rig.rollOut('a', 'kube-controller-manager');

    await eventually('it is there', () => rig.condition('a', 'UpToDate')?.status === 'True');
    expect(rig.plane('a')?.status?.version).toBe('1.37.1');
  });

  it('is not lowered where admission can’t know, and Synced says what to do', async () => {
    await rig.create('a', { version: '1.37' });
    await rig.ready('a');

    await rig.change('a', { spec: { version: '1.36' } });

    await eventually('it says so', () => rig.condition('a', 'Synced')?.status === 'False');
    expect(rig.condition('a', 'Synced')?.message).toContain('is not taken back to 1.36.3');
    expect(versions()).toEqual(['1.37.1', '1.37.1']);
  });

  it('waits while the plane hibernates, and is raised when it runs again', async () => {
    await rig.create('a', { version: '1.36', hibernate: true });
    await are('1.36.3', '1.36.3');
    for (const program of PROGRAMS) await rig.rollOut('a', program);
    await rig.change('a', { spec: { version: '1.37' } });
    await eventually('it is seen', () => rig.condition('a', 'UpToDate')?.status === 'False');
    expect(versions()).toEqual(['1.36.3', '1.36.3']);

    await rig.change('a', { spec: { hibernate: false } });
    for (const program of PROGRAMS) {
      await eventually(`${program} is started`, () => rig.deployment('a', program)?.spec?.replicas === 1);
      expect(versions()).toEqual(['1.36.3', '1.36.3']);
      await rig.rollOut('a', program);
    }

    await are('1.37.1', '1.36.3');
  });

  it('is put back where somebody changed an image', async () => {
    await rig.create('a', { version: '1.37' });
    await rig.ready('a');
    const ref = { namespace: 'a-system', name: 'kube-apiserver' };
    const containers = [{ name: 'kube-apiserver', image: 'api:v1.34.4' }];
    const body = { spec: { template: { spec: { containers } } } };
    await rig.client.patch(DEPLOYMENT, ref, { type: 'strategic', body });

    await are('1.37.1', '1.37.1');
  });
});
