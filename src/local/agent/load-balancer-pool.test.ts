import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Service } from '../../kube/builtin-kinds.ts';
import { allocate, inRanges, parseRange, type Grant } from './load-balancer-pool.ts';

interface Wish {
  readonly uid: string;
  readonly created?: string;
  readonly spec?: Service['spec'];
  readonly has?: readonly string[];
}

const service = ({ uid, created = '2026-01-01T00:00:00Z', spec = {}, has = [] }: Wish): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: uid, namespace: 'a', uid, creationTimestamp: created },
  spec: { type: 'LoadBalancer', ...spec },
  status: { loadBalancer: { ingress: has.map((ip) => ({ ip })) } },
});

const RANGES = ['10.0.0.1-10.0.0.3', 'fd00::1-fd00::2'].map(parseRange);

const granted = (
  services: readonly Service[],
  remembered: Readonly<Record<string, string[]>> = {},
): Record<string, unknown> =>
  Object.fromEntries(
    [...allocate(services, RANGES, new Map(Object.entries(remembered)))].map(([uid, grant]) => [
      uid,
      grant.kind === 'refused' ? grant.reason : grant.addresses.join(' '),
    ]),
  );

describe('allocate', () => {
  it('gives the lowest free addresses, the oldest Service first', () => {
    const services = [service({ uid: 'new', created: '2026-02-01T00:00:00Z' }), service({ uid: 'old' })];

    expect(granted(services)).toEqual({ old: '10.0.0.1', new: '10.0.0.2' });
  });

  it('leaves everybody the address they have', () => {
    const services = [service({ uid: 'a' }), service({ uid: 'b', has: ['10.0.0.1'] })];

    expect(granted(services)).toEqual({ a: '10.0.0.2', b: '10.0.0.1' });
  });

  it('remembers what the statuses do not show yet', () => {
    expect(granted([service({ uid: 'a' }), service({ uid: 'b' })], { b: ['10.0.0.1'] })).toEqual({
      a: '10.0.0.2',
      b: '10.0.0.1',
    });
  });

  it('gives one address a family', () => {
    const spec = { ipFamilies: ['IPv6', 'IPv4'] };

    expect(granted([service({ uid: 'a', spec })])).toEqual({ a: 'fd00:0:0:0:0:0:0:1 10.0.0.1' });
  });

  it('gives the address that is asked for and moves a Service that asks for another', () => {
    const wish = (ip: string): Service['spec'] => ({ loadBalancerIP: ip });

    expect(granted([service({ uid: 'a', spec: wish('10.0.0.3'), has: ['10.0.0.1'] })])).toEqual({
      a: '10.0.0.3',
    });
  });

  it.each([
    ['AddressNotInRange', [service({ uid: 'x', spec: { loadBalancerIP: '10.9.9.9' } })]],
    [
      'AddressInUse',
      [service({ uid: 'a', has: ['10.0.0.2'] }), service({ uid: 'x', spec: { loadBalancerIP: '10.0.0.2' } })],
    ],
    ['AddressesExhausted', ['a', 'b', 'c', 'x'].map((uid) => service({ uid }))],
  ])('refuses with %s', (reason, services) => {
    expect(granted(services)['x']).toBe(reason);
  });

  it('refuses a family that has no range', () => {
    const four = RANGES.slice(0, 1);
    const grants = allocate([service({ uid: 'x', spec: { ipFamilies: ['IPv6'] } })], four, new Map());

    expect(grants.get('x')).toMatchObject({ kind: 'refused', reason: 'NoAddressRange' });
  });

  it('takes no address of a Service of another kind or class into account', () => {
    const services = [
      service({ uid: 'plain', spec: { type: 'ClusterIP' }, has: ['10.0.0.1'] }),
      service({ uid: 'other', spec: { loadBalancerClass: 'example.com/x' }, has: ['10.0.0.2'] }),
      service({ uid: 'own', spec: { loadBalancerClass: 'tenantry.dev/local' } }),
    ];

    expect(granted(services)).toEqual({ own: '10.0.0.1' });
  });

  it('never gives one address twice nor one outside the ranges, and changes nothing when asked again', () => {
    const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.9', 'fd00::1', 'fd00::2');
    const services = fc
      .array(
        fc.record({
          has: fc.array(address, { maxLength: 2 }),
          wish: fc.option(address),
          families: fc.constantFrom(['IPv4'], ['IPv6'], ['IPv4', 'IPv6']),
        }),
        { maxLength: 6 },
      )
      .map((drafts) =>
        drafts.map(({ has, wish, families }, index) => {
          const spec = { ipFamilies: families, ...(wish === null ? {} : { loadBalancerIP: wish }) };
          return service({ uid: `u${index}`, has, spec });
        }),
      );
    fc.assert(
      fc.property(services, (all) => {
        const grants = allocate(all, RANGES, new Map());
        const given = [...grants.values()].flatMap(addressesOf);
        const again = allocate(
          all,
          RANGES,
          new Map([...grants].map(([uid, grant]) => [uid, addressesOf(grant)])),
        );

        expect(new Set(given).size).toBe(given.length);
        expect(given.every((one) => inRanges(RANGES, one))).toBe(true);
        for (const [uid, grant] of grants)
          if (grant.kind === 'addresses') expect(again.get(uid)).toEqual(grant);
      }),
    );
  });
});

const addressesOf = (grant: Grant): readonly string[] => (grant.kind === 'addresses' ? grant.addresses : []);

describe('parseRange', () => {
  it.each([
    '10.0.0.1',
    '10.0.0.2-10.0.0.1',
    '10.0.0.1-fd00::1',
    '10.0.0.1-10.0.0.2-10.0.0.3',
    '10.0.0.0/24',
    '',
  ])('refuses %j with an example', (text) => {
    expect(() => parseRange(text)).toThrow(`load balancer range "${text}"`);
  });
});
