import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksHashed, nameLimit, namespaceOf, releaseNameOf } from './names.ts';

const LABEL = fc.stringMatching(/^[a-z]([-a-z0-9]{0,30}[a-z0-9])?$/);
const instance = fc.record({ namespace: LABEL, name: LABEL });

describe('namespaceOf', () => {
  it("is the instance's name in the operator's namespace", () => {
    expect(namespaceOf({ namespace: 'kubeplus', name: 'wp-for-tenant1' }, 'kubeplus')).toBe('wp-for-tenant1');
  });

  it('joins namespace, name and a hash elsewhere', () => {
    expect(namespaceOf({ namespace: 'team', name: 'shop' }, 'kubeplus')).toMatch(/^team-shop-[0-9a-f]{10}$/);
  });

  it('tells apart what joins to the same text', () => {
    const one = namespaceOf({ namespace: 'a-b', name: 'c' }, 'op');
    const other = namespaceOf({ namespace: 'a', name: 'b-c' }, 'op');

    expect(one).not.toBe(other);
  });

  it('is a DNS label whatever the names', () => {
    const long = { namespace: 'n'.repeat(63), name: 'i'.repeat(253) };

    expect(namespaceOf(long, 'op')).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });

  it('is injective, the operator’s namespace included, once hashed-looking names are refused there', () => {
    fc.assert(
      fc.property(instance, instance, LABEL, (a, b, operator) => {
        fc.pre(a.namespace !== b.namespace || a.name !== b.name);
        for (const one of [a, b]) fc.pre(one.namespace !== operator || !looksHashed(one.name));

        expect(namespaceOf(a, operator)).not.toBe(namespaceOf(b, operator));
      }),
    );
  });

  it('never gives a hashed name that would be allowed in the operator’s namespace', () => {
    fc.assert(
      fc.property(instance, (one) => {
        expect(looksHashed(namespaceOf(one, 'OPERATOR'))).toBe(true);
      }),
    );
  });
});

describe('releaseNameOf', () => {
  it('is KubePlus’s name where that fits', () => {
    expect(releaseNameOf('WordpressService', 'wp-for-tenant1')).toBe('wordpressservice-wp-for-tenant1');
  });

  it('stays within Helm’s limit and tells long names apart', () => {
    const one = releaseNameOf('Thing', `${'x'.repeat(60)}a`);
    const other = releaseNameOf('Thing', `${'x'.repeat(60)}b`);

    expect(one.length).toBeLessThanOrEqual(53);
    expect(one).not.toBe(other);
  });

  it('tells a dot from a dash', () => {
    expect(releaseNameOf('Thing', 'a.b')).not.toBe(releaseNameOf('Thing', 'a-b'));
  });
});

it('leaves a name as many letters as the release name has room for', () => {
  expect(releaseNameOf('Thing', 'n'.repeat(nameLimit('Thing')))).toBe(
    `thing-${'n'.repeat(nameLimit('Thing'))}`,
  );
});
