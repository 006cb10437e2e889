import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../test/doubles/memory-client.ts';
import { eventually } from '../../test/doubles/eventually.ts';
import { SECRET } from '../kube/builtin-kinds.ts';
import { KubeError } from '../kube/kube-error.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import type { KeyPair } from '../pki/certificate.ts';
import {
  AUTHORITY_DAYS,
  certificatesIn,
  LEAF_DAYS,
  makeCertificates,
  planCertificates,
} from './certificate-plan.ts';
import { silentLog } from './log.ts';
import {
  createServingCertificates,
  ensureCertificates,
  type ServingCertificatesOptions,
} from './serving-certificates.ts';

const DAY = 24 * 60 * 60 * 1000;
const NAMES = ['hooks.ns.svc'];
const REF = { namespace: 'ns', name: 'certificates' };

function options(
  client: MemoryClient,
  clock: FakeClock,
  publish: (bundle: string) => Promise<void> = () => Promise.resolve(),
): ServingCertificatesOptions {
  return {
    client,
    clock,
    log: silentLog,
    namespace: 'ns',
    secretName: 'certificates',
    dnsNames: NAMES,
    publish,
  };
}

describe('planCertificates', () => {
  const begin = Date.UTC(2026, 0, 1);

  it('makes what is missing, renews at a third of the life, keeps what is good', async () => {
    const made = await makeCertificates('authority', undefined, NAMES, begin);
    const other = await makeCertificates('authority', undefined, NAMES, begin);

    expect(planCertificates(undefined, NAMES, begin)).toBe('authority');
    expect(planCertificates(made, NAMES, begin)).toBe('keep');
    expect(planCertificates(made, NAMES, begin + (LEAF_DAYS * 2 * DAY) / 3 - DAY)).toBe('keep');
    expect(planCertificates(made, NAMES, begin + (LEAF_DAYS * 2 * DAY) / 3)).toBe('leaf');
    expect(planCertificates(made, NAMES, begin + (AUTHORITY_DAYS * 2 * DAY) / 3)).toBe('authority');
    expect(planCertificates(made, ['other.ns.svc'], begin)).toBe('leaf');
    expect(planCertificates({ ...made, leaf: other.leaf }, NAMES, begin)).toBe('leaf');
    expect(
      planCertificates({ ...made, authority: { ...made.authority, key: other.authority.key } }, NAMES, begin),
    ).toBe('authority');
    expect(planCertificates({ ...made, leaf: { cert: 'x', key: 'y' } }, NAMES, begin)).toBe('leaf');
  });

  it('keeps the old authority in the bundle until it ends, and the authority when only the leaf is renewed', async () => {
    const first = await makeCertificates('authority', undefined, NAMES, begin);
    const leaf = await makeCertificates('leaf', first, NAMES, begin + 60 * DAY);
    const second = await makeCertificates('authority', first, NAMES, begin + 500 * DAY);
    const third = await makeCertificates('authority', second, NAMES, begin + 1000 * DAY);

    expect(leaf.authority).toEqual(first.authority);
    expect(leaf.bundle).toBe(first.bundle);
    expect(certificatesIn(second.bundle)).toHaveLength(2);
    expect(certificatesIn(third.bundle)).toHaveLength(2);
    expect(
      new X509Certificate(second.leaf.cert).verify(new X509Certificate(second.authority.cert).publicKey),
    ).toBe(true);
  });
});

describe('ensureCertificates', () => {
  it('makes one set for all replicas that begin together', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const sets = await Promise.all([1, 2, 3].map(() => ensureCertificates(options(client, clock))));

    expect(new Set(sets.map((set) => set.leaf.cert)).size).toBe(1);
  });

  it('repairs a Secret that somebody damaged', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    await ensureCertificates(options(client, clock));
    await client.patch(SECRET, REF, { type: 'merge', body: { data: { 'tls.key': null } } });
    const again = await ensureCertificates(options(client, clock));

    expect(planCertificates(again, NAMES, clock.now())).toBe('keep');
    expect((await client.get(SECRET, REF)).data?.['tls.key']).toBeDefined();
  });
});

describe('createServingCertificates', () => {
  it('publishes the bundle before the certificate is used, and renews while running', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    const told: string[] = [];
    const certificates = createServingCertificates(
      options(client, clock, (bundle) => {
        told.push(`publish ${certificatesIn(bundle).length}`);
        return Promise.resolve();
      }),
    );
    const abort = new AbortController();
    const done = certificates.run(abort.signal, () => told.push('use'));
    await eventually('the first is used', () => told.includes('use'));
    expect(told).toEqual(['publish 1', 'use']);
    for (
      let halfDays = 0;
      halfDays < 2 * 62 && told.filter((word) => word === 'use').length < 2;
      halfDays += 1
    ) {
      await clock.advance(DAY / 2);
      await eventually('it sleeps', () => clock.pending > 0);
    }
    expect(told.filter((word) => word === 'use')).toHaveLength(2);
    expect(clock.monotonic() / DAY).toBeGreaterThan(59);
    abort.abort();
    await done;
  });

  it('goes on with what it has while a new bundle cannot be published, and tries again', async () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    let refuse = false;
    let published = 0;
    const used: KeyPair[] = [];
    const certificates = createServingCertificates(
      options(client, clock, () => {
        if (refuse) return Promise.reject(new KubeError('Forbidden', 'no'));
        published += 1;
        return Promise.resolve();
      }),
    );
    const abort = new AbortController();
    const done = certificates.run(abort.signal, (leaf) => used.push(leaf));
    await eventually('the first is used', () => used.length === 1);
    refuse = true;
    await client.delete(SECRET, REF);
    certificates.poke();
    await eventually('a new one is stored', async () => (await client.find(SECRET, REF)) !== undefined);
    await eventually('it waits to try again', () => (clock.untilNext ?? Infinity) <= 1000);
    expect(used).toHaveLength(1);
    refuse = false;
    await clock.advance(1000);
    await eventually('the new one is used', () => used.length === 2);

    expect(published).toBe(2);
    abort.abort();
    await done;
  });
});
