import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { planeSpec } from '../../test/doubles/plane-spec.ts';
import { keysAnnotation } from './keys-annotation.ts';
import { duePki, pkiFiles, readPki, renewPki, trusted, type PlanePki } from './plane-pki.ts';
import { nextPhase, rotated, rotationGoal, rotationPhase, runsWith } from './plane-rotation.ts';

const NOW = Date.UTC(2026, 10, 21);
const SPEC = planeSpec();

/** The phases in order, each as it is kept and read again. */
let settled: PlanePki;
let introduced: PlanePki;
let renewed: PlanePki;
let again: PlanePki;

async function whole(pki: PlanePki): Promise<PlanePki> {
  return readPki(pkiFiles(await renewPki(pki, duePki(pki, SPEC, NOW), SPEC, NOW)));
}

beforeAll(async () => {
  settled = await whole(readPki({}));
  introduced = await whole(await rotated(settled, SPEC, NOW));
  renewed = await whole(await rotated(introduced, SPEC, NOW));
  again = await whole(await rotated(renewed, SPEC, NOW));
});

/** Whether what a plane of one phase shows is believed by one of another. */
function believes(truster: PlanePki, shower: PlanePki): boolean {
  return (
    [
      ['ca', 'apiserver'],
      ['client-ca', 'admin'],
      ['front-proxy-ca', 'front-proxy-client'],
      ['etcd-ca', 'etcd'],
    ] as const
  ).every(([authority, leaf]) =>
    (trusted(truster, authority).match(/-----BEGIN[\s\S]*?END CERTIFICATE-----/g) ?? []).some((pem) =>
      new X509Certificate(shower.leaves[leaf].cert).verify(new X509Certificate(pem).publicKey),
    ),
  );
}

describe('an exchange of authorities', () => {
  it('goes through its phases, each of which is read again as it was', () => {
    expect([settled, introduced, renewed, again].map(rotationPhase)).toEqual([
      'settled',
      'introduced',
      'renewed',
      'settled',
    ]);
    for (const pki of [introduced, renewed, again]) {
      expect(readPki(pkiFiles(pki))).toEqual(pki);
      expect(duePki(pki, SPEC, NOW)).toEqual([]);
    }
  });

  it('never has two neighbouring phases that do not believe each other', () => {
    const phases = [settled, introduced, renewed, again];
    for (const [index, pki] of phases.entries()) {
      const neighbours = phases.slice(Math.max(0, index - 1), index + 2);
      expect(neighbours.map((one) => believes(pki, one))).toEqual(neighbours.map(() => true));
    }
  });

  it('ends the trust in what was before', () => {
    expect(believes(again, settled)).toBe(false);
    expect(believes(again, introduced)).toBe(false);
  });

  it('keeps no key of authorities that are not to sign any more', () => {
    const old = Object.values(settled.authorities).map(({ key }) => key);
    const kept = Object.values(pkiFiles(renewed));

    expect(old.filter((key) => kept.includes(key))).toEqual([]);
  });

  it('shows controllers the one that signs, alone', () => {
    for (const pki of [settled, introduced, renewed])
      expect(pkiFiles(pki)['client-ca-signer.crt']).toBe(pki.authorities['client-ca'].cert);
  });

  it.each([
    ['settled', undefined, 'settled'],
    ['settled', 'begin', 'introduced'],
    ['settled', 'renew', 'introduced'],
    ['settled', 'finish', 'settled'],
    ['introduced', 'begin', 'introduced'],
    ['introduced', 'renew', 'renewed'],
    ['introduced', 'finish', 'renewed'],
    ['introduced', undefined, 'introduced'],
    ['renewed', 'renew', 'renewed'],
    ['renewed', 'begin', 'renewed'],
    ['renewed', 'finish', 'settled'],
  ] as const)('goes from %s by %s to %s, and nowhere while pods run with other keys', (phase, goal, to) => {
    expect(nextPhase(phase, goal, true)).toBe(to);
    expect(nextPhase(phase, goal, false)).toBe(phase);
  });

  it('understands its own words only', () => {
    expect(['begin', 'renew', 'finish', 'start', ''].map(rotationGoal)).toEqual([
      'begin',
      'renew',
      'finish',
      undefined,
      undefined,
    ]);
  });
});

describe('whether pods run with the keys', () => {
  const program = (pki: PlanePki, status: object = {}) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', generation: 2 },
    spec: { replicas: 1, template: { metadata: { annotations: keysAnnotation(pki) } } },
    status: { observedGeneration: 2, replicas: 1, updatedReplicas: 1, readyReplicas: 1, ...status },
  });

  it('is so when all were started with them', () => {
    expect(runsWith([program(settled), program(settled)], settled)).toBe(true);
  });

  it.each([
    ['one has those of before', () => program(settled)],
    ['its change was not seen', () => program(introduced, { observedGeneration: 1 })],
    ['an old pod is there', () => program(introduced, { replicas: 2 })],
    ['an old pod ends', () => program(introduced, { terminatingReplicas: 1 })],
    ['a new pod is not ready', () => program(introduced, { readyReplicas: 0 })],
  ])('is not so: %s', (_name, other) => {
    expect(runsWith([program(introduced), other()], introduced)).toBe(false);
  });
});
