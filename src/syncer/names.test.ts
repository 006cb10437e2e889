import { describe, expect, it } from 'vitest';
import { sha256 } from '../lib/hash.ts';
import { hostNames, hostNamesOfCluster } from './names.ts';

const first = (name: string, namespace: string, cluster = 'vc1'): string =>
  hostNames(name, namespace, cluster)[0];

describe('hostNames', () => {
  it('joins name, namespace and cluster as people know it', () => {
    expect(first('kube-root-ca.crt', 'default')).toBe('kube-root-ca.crt-x-default-x-vc1');
  });

  it('keeps 52 characters of a long name and 10 digits of its hash', () => {
    const long = `${'a'.repeat(50)}-x-default-x-vc1`;

    expect(first('a'.repeat(50), 'default')).toBe(`${long.slice(0, 52)}-${sha256(long).slice(0, 10)}`);
  });

  it('leaves no dash behind a dot where it cuts', () => {
    const name = first(`${'a'.repeat(51)}.b`, 'default');

    expect(name).toMatch(/^a{51}-[0-9a-f]{10}$/);
  });

  it('never gives two objects one name, however they cut it', () => {
    const words = ['a', 'x', 'a-x', 'x-a', 'a-x-a', 'x-x', 'a-x-x-a', 'x-a-x', 'a-a', 'x-x-x'];
    const seen = new Map<string, string>();
    for (const name of words)
      for (const namespace of words)
        for (const cluster of words)
          for (const hostName of hostNames(name, namespace, cluster)) {
            const who = `${name}/${namespace}/${cluster}`;
            expect(seen.get(hostName) ?? who, hostName).toBe(who);
            seen.set(hostName, who);
          }
    expect(seen.size).toBe(2 * words.length ** 3);
  });

  it('stays within a label, whatever comes in', () => {
    for (const name of ['a'.repeat(253), `${'a.'.repeat(100)}b`, 'a-x-b'])
      for (const hostName of hostNames(name, 'n'.repeat(63), 'v'.repeat(63))) {
        expect(hostName.length).toBeLessThanOrEqual(63);
        expect(hostName).toMatch(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
        expect(hostName).not.toMatch(/\.-|-\./);
      }
  });
});

describe('hostNamesOfCluster', () => {
  it('carries the host namespace, so that two tenants never meet', () => {
    expect(hostNamesOfCluster('fast', 'team-a', 'vc1')[0]).toBe('vcluster-fast-x-team-a-x-vc1');
  });
});
