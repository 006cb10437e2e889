import { describe, expect, it } from 'vitest';
import { NEWEST_PLANE_VERSION } from '../api/plane-versions.ts';
import type { Deployment } from '../kube/builtin-kinds.ts';
import { isThere, nextVersions, rolloutOf, type Rollout, type VersionFacts } from './plane-version.ts';

const done = (version: string): Rollout => ({ version, isComplete: true });
const busy = (version: string): Rollout => ({ version, isComplete: false });
const at = (version: string): Omit<VersionFacts, 'asked'> => ({
  known: version,
  apiServer: done(version),
  controllerManager: done(version),
});

describe('the next versions of a plane', () => {
  it.each<[string, VersionFacts, string, string]>([
    [
      'a new one takes the newest',
      { asked: undefined, ...none() },
      NEWEST_PLANE_VERSION,
      NEWEST_PLANE_VERSION,
    ],
    ['a new one takes the minor it is asked for', { asked: '1.35', ...none() }, '1.35.4', '1.35.4'],
    [
      'one that asks for nothing stays, whatever is newest',
      { asked: undefined, ...at('1.35.4') },
      '1.35.4',
      '1.35.4',
    ],
    [
      'one that asks for a minor stays at its release',
      { asked: '1.36', ...at('1.36.1') },
      '1.36.1',
      '1.36.1',
    ],
    ['one that asks for a release goes to it', { asked: '1.36.3', ...at('1.36.1') }, '1.36.3', '1.36.1'],
    ['API servers are raised first', { asked: '1.37', ...at('1.36.3') }, '1.37.1', '1.36.3'],
    ['two minors are two steps', { asked: '1.37', ...at('1.35.4') }, '1.36.3', '1.35.4'],
    [
      'controllers wait for all API servers',
      { asked: '1.37', known: '1.37.1', apiServer: busy('1.37.1'), controllerManager: done('1.36.3') },
      '1.37.1',
      '1.36.3',
    ],
    [
      'controllers follow them',
      { asked: '1.37', known: '1.37.1', apiServer: done('1.37.1'), controllerManager: done('1.36.3') },
      '1.37.1',
      '1.37.1',
    ],
    [
      'the next step waits for controllers',
      { asked: '1.37', known: '1.36.3', apiServer: done('1.36.3'), controllerManager: busy('1.36.3') },
      '1.36.3',
      '1.36.3',
    ],
    [
      'what somebody changed by hand is put back',
      { asked: undefined, known: '1.37.1', apiServer: done('1.34.4'), controllerManager: done('1.34.4') },
      '1.37.1',
      '1.37.1',
    ],
    [
      'without a status the API servers themselves say it',
      { asked: undefined, known: undefined, apiServer: done('1.35.4'), controllerManager: done('1.35.4') },
      '1.35.4',
      '1.35.4',
    ],
  ])('%s', (_name, facts, apiServer, controllerManager) => {
    expect(nextVersions(facts)).toMatchObject({ apiServer, controllerManager });
  });

  it('are never lower, and say so', () => {
    expect(nextVersions({ asked: '1.36', ...at('1.37.1') })).toEqual({
      apiServer: '1.37.1',
      controllerManager: '1.37.1',
      goal: '1.37.1',
      problem: expect.stringContaining('is not taken back to 1.36.3'),
    });
  });

  it('are not those that nobody knows', () => {
    expect(nextVersions({ asked: '1.99', ...at('1.37.1') })).toMatchObject({
      apiServer: '1.37.1',
      problem: expect.stringContaining('knows no 1.99'),
    });
  });

  it('reach their goal step by step, with controllers never newer and at most a minor older', () => {
    const seen: string[] = [];
    let facts: VersionFacts = { asked: '1.37', ...at('1.34.4') };
    for (let look = 0; look < 12; look += 1) {
      const next = nextVersions(facts);
      const gap = minor(next.apiServer) - minor(next.controllerManager);
      expect([0, 1]).toContain(gap);
      seen.push(`${next.apiServer}/${next.controllerManager}`);
      facts = {
        asked: '1.37',
        known: next.apiServer,
        apiServer: done(next.apiServer),
        controllerManager: done(next.controllerManager),
      };
      if (isThere(next)) break;
    }

    expect(seen).toEqual([
      '1.35.4/1.34.4',
      '1.35.4/1.35.4',
      '1.36.3/1.35.4',
      '1.36.3/1.36.3',
      '1.37.1/1.36.3',
      '1.37.1/1.37.1',
    ]);
  });
});

describe('how far a Deployment is', () => {
  const STATUS = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  const deployment = (status: object, image = 'r/kube-apiserver:v1.36.3'): Deployment => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', generation: 2 },
    spec: { replicas: 2, selector: {}, template: { spec: { containers: [{ name: 'c', image }] } } },
    status,
  });

  it('is complete when all pods that there are run what was written last', () => {
    expect(rolloutOf(deployment(STATUS), 2)).toEqual(done('1.36.3'));
  });

  it.each<[string, object, number]>([
    ['its change was not seen yet', { ...STATUS, observedGeneration: 1 }, 2],
    ['an old pod is there', { ...STATUS, replicas: 3 }, 2],
    ['an old pod still ends', { ...STATUS, terminatingReplicas: 1 }, 2],
    ['a new pod is not there', { ...STATUS, updatedReplicas: 1 }, 2],
    ['one is not ready', { ...STATUS, availableReplicas: 1 }, 2],
    ['its size is another one', STATUS, 1],
  ])('is not complete: %s', (_name, status, replicas) => {
    expect(rolloutOf(deployment(status), replicas)).toEqual(busy('1.36.3'));
  });

  it.each(['other:latest', 'r/kube-apiserver@sha256:00', 'r/kube-apiserver'])(
    'is not known of image %s',
    (image) => {
      expect(rolloutOf(deployment(STATUS, image), 2)).toBeUndefined();
    },
  );
});

function none(): Omit<VersionFacts, 'asked'> {
  return { known: undefined, apiServer: undefined, controllerManager: undefined };
}

function minor(version: string): number {
  return Number(version.split('.')[1]);
}
