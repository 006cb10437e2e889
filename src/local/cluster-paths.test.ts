import { describe, expect, it } from 'vitest';
import { clusterPaths } from './cluster-paths.ts';

describe('clusterPaths', () => {
  it('keeps everything of a cluster in one folder', () => {
    const { lock, ...paths } = clusterPaths('/home/a/.local/share', 'a');

    expect(
      Object.values(paths).every((path) => path.startsWith('/home/a/.local/share/tenantry/clusters/a')),
    ).toBe(true);
    // Held while the folder itself goes.
    expect(lock).toBe('/home/a/.local/share/tenantry/clusters/a.lock');
  });

  it.each(['', 'A', '-a', 'a-', '../b', 'a/b', 'a.b', 'x'.repeat(33)])('refuses the name "%s"', (name) =>
    expect(() => clusterPaths('/home/a', name)).toThrow(/^--name is /),
  );

  it.each([`/${'x'.repeat(90)}`, '/run/user/0', '/var/log'])('refuses the folder %s', (home) =>
    expect(() => clusterPaths(home, 'a')).toThrow(/cannot hold a cluster/),
  );
});
