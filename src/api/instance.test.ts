import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceAccountName, serviceClusterRoleName } from './instance.ts';

const KIND = fc.stringMatching(/^[A-Z][A-Za-z0-9]{0,20}$/);
const GROUP = fc.stringMatching(/^[a-z][-a-z0-9]{0,10}[a-z0-9](\.[a-z][-a-z0-9]{0,10}[a-z0-9]){1,2}$/);
const resource = fc.record({ group: GROUP, kind: KIND });

describe('names that carry the rights of a service', () => {
  it('are nobody else’s, kinds that differ by case included', () => {
    fc.assert(
      fc.property(resource, resource, (a, b) => {
        fc.pre(a.group !== b.group || a.kind !== b.kind);

        expect(serviceAccountName(a)).not.toBe(serviceAccountName(b));
        expect(serviceClusterRoleName(a)).not.toBe(serviceClusterRoleName(b));
      }),
    );
    const upper = { group: 'a.example', kind: 'AB' };
    expect(serviceAccountName(upper)).not.toBe(serviceAccountName({ ...upper, kind: 'Ab' }));
  });

  it('can’t be found by trying: 128 bits of them are a hash', () => {
    const service = { group: 'a.example', kind: 'Shop' };

    expect(serviceAccountName(service)).toMatch(/^shop-[0-9a-f]{32}$/);
    expect(serviceClusterRoleName(service)).toMatch(/^tenantry-service-[0-9a-f]{32}$/);
  });

  it('are DNS labels, as accounts must be', () => {
    fc.assert(
      fc.property(resource, (one) => {
        expect(serviceAccountName(one)).toMatch(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
      }),
    );
  });
});
