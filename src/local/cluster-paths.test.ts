import { describe, expect, it } from 'vitest';
import { clusterPaths } from './cluster-paths.ts';

describe('clusterPaths', () => {
  it('keeps everything of a cluster in one folder', () => {
    const { lock, ...paths } = clusterPaths('/root/.local/share', 'a');

    expect(
      Object.values(paths).every((path) => path.startsWith('/root/.local/share/tenantry/clusters/a')),
    ).toBe(true);
    // Held while the folder itself goes.
    expect(lock).toBe('/root/.local/share/tenantry/clusters/a.lock');
  });

  it.each(['', 'A', '-a', 'a-', '../b', 'a/b', 'a.b', 'x'.repeat(33)])('refuses the name "%s"', (name) =>
    expect(() => clusterPaths('/root', name)).toThrow(/cluster name/),
  );

  it.each([`/${'x'.repeat(90)}`, '/run/user/0', '/var/log'])('refuses the folder %s', (home) =>
    expect(() => clusterPaths(home, 'a')).toThrow(/cannot hold a cluster/),
  );
});
