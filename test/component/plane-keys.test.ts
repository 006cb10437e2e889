import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROTATION_ANNOTATION } from '../../src/planes/plane-rotation.ts';
import { eventually, PROGRAMS, startPlaneRig, type PlaneRig } from './plane-rig.ts';

let rig: PlaneRig;

beforeEach(async () => {
  rig = await startPlaneRig();
});
afterEach(() => rig.end());

const say = (goal: string): Promise<unknown> =>
  rig.change('a', { metadata: { annotations: { [ROTATION_ANNOTATION]: goal } } });
const reason = (wanted: string): Promise<unknown> =>
  eventually(`it says ${wanted}`, () => rig.condition('a', 'AuthoritiesSettled')?.reason === wanted);
const certificates = (text: string): number => text.split('BEGIN CERTIFICATE').length - 1;
/** How many authorities are trusted: by servers, and by whoever has the kubeconfig. */
const trusted = (): readonly number[] => {
  const config = rig.files('a', 'admin-kubeconfig')['kubeconfig-incluster'] ?? '{}';
  const [, data = ''] = /"certificate-authority-data": "([^"]*)"/.exec(config) ?? [];
  return [
    certificates(rig.files('a', 'k8s-certs')['ca.crt'] ?? ''),
    certificates(rig.files('a', 'cm-kubeconfig')['ca.crt'] ?? ''),
    certificates(Buffer.from(data, 'base64').toString()),
  ];
};
async function rollOut(): Promise<void> {
  for (const program of PROGRAMS) await rig.rollOut('a', program);
  await rig.rollOut('a', 'etcd');
}

describe('the authorities of a plane', () => {
  it('are exchanged step by step as an annotation says, each when all pods run with the one before', async () => {
    await rig.create('a');
    await rig.ready('a');
    await rollOut();
    const before = rig.files('a', 'k8s-certs');
    expect(trusted()).toEqual([1, 1, 1]);
    expect(rig.condition('a', 'AuthoritiesSettled')).toBeUndefined();

    await say('renew');
    await reason('Introducing');
    expect(trusted()).toEqual([2, 2, 2]);
    expect(rig.files('a', 'k8s-certs')['apiserver.crt']).toBe(before['apiserver.crt']);
    await rollOut();
    await reason('Renewing');
    expect(trusted()).toEqual([2, 2, 2]);
    expect(rig.files('a', 'k8s-certs')['apiserver.crt']).not.toBe(before['apiserver.crt']);
    await rollOut();
    await reason('Renewed');

    await say('finish');
    await reason('Settling');
    expect(trusted()).toEqual([1, 1, 1]);
    expect(rig.files('a', 'k8s-certs')['ca.crt']).not.toBe(before['ca.crt']);
    await rollOut();
    await eventually('it is done', () => rig.condition('a', 'AuthoritiesSettled')?.status === 'True');
    const after = rig.files('a', 'k8s-certs');
    await rig.change('a', { metadata: { labels: { looked: 'at' } } });
    await rig.create('b');
    await rig.ready('b');
    expect(rig.files('a', 'k8s-certs')).toEqual(after);
  });

  it('stay what they are by a word that nobody knows, which is told', async () => {
    await rig.create('a');
    await rig.ready('a');
    await rollOut();
    const before = rig.files('a', 'k8s-certs');

    await say('now');

    await eventually('it says so', () => rig.condition('a', 'Synced')?.status === 'False');
    expect(rig.condition('a', 'Synced')?.message).toContain('it takes begin, renew or finish');
    expect(rig.files('a', 'k8s-certs')).toEqual(before);
  });
});
