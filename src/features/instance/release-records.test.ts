import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/object.ts';
import { compareRecords } from './release-records.ts';

const RUNNING = { release: 'shop-a', number: 2, owner: 'uid-a' };

function record(version: number, status: string, owner?: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `sh.helm.release.v1.shop-a.v${version}`,
      uid: `secret-${version}`,
      labels: { status, ...(owner === undefined ? {} : { 'tenantry.dev/instance-uid': owner }) },
    },
  };
}

describe('the records of a release', () => {
  it('are fine when ours is deployed and nobody else wrote one', () => {
    const secrets = [record(1, 'superseded', 'uid-a'), record(2, 'deployed', 'uid-a')];

    expect(compareRecords(secrets, RUNNING)).toEqual({ foreign: [], rewrite: undefined });
  });

  it('tell what a stock upgrade left: a record of its own, and ours as history', () => {
    const { foreign, rewrite } = compareRecords(
      [record(2, 'superseded', 'uid-a'), record(3, 'deployed')],
      RUNNING,
    );

    expect(foreign.map(({ name, uid }) => ({ name, uid }))).toEqual([
      { name: 'sh.helm.release.v1.shop-a.v3', uid: 'secret-3' },
    ]);
    expect(rewrite?.secret?.uid).toBe('secret-2');
  });

  it('count one under our own name as foreign when it carries no label of ours', () => {
    const { foreign, rewrite } = compareRecords([record(2, 'deployed')], RUNNING);

    expect(foreign).toHaveLength(1);
    expect(rewrite).toEqual({ secret: undefined });
  });

  it('are made anew after a stock uninstall', () => {
    expect(compareRecords([], RUNNING)).toEqual({ foreign: [], rewrite: { secret: undefined } });
  });
});
