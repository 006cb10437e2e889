import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  builtName,
  cacheKey,
  classifyBuildFailure,
  goBuildArgs,
  planBuilds,
  usableKeys,
} from './build-plan.ts';
import { KUBERNETES_RELEASES } from './kubernetes-release.ts';
import { TOOLS, toolNamed, toolOf } from './tools.ts';

const sources = { goMod: 'module m', goSum: 's' };

describe('cacheKey', () => {
  const etcd = toolNamed('etcd');
  const key = cacheKey(etcd, sources, 'linux-x64', 'go1.26.8');

  it.each([
    ['go.mod', cacheKey(etcd, { ...sources, goMod: 'module n' }, 'linux-x64', 'go1.26.8')],
    ['go.sum', cacheKey(etcd, { ...sources, goSum: 't' }, 'linux-x64', 'go1.26.8')],
    ['own sources', cacheKey(etcd, { ...sources, own: 'package main' }, 'linux-x64', 'go1.26.8')],
    ['the platform', cacheKey(etcd, sources, 'linux-arm64', 'go1.26.8')],
    ['the Go version', cacheKey(etcd, sources, 'linux-x64', 'go1.26.9')],
    ['the stamps', cacheKey({ ...etcd, stamps: { a: 'b' } }, sources, 'linux-x64', 'go1.26.8')],
  ])('changes with %s', (_what, other) => expect(other).not.toBe(key));

  it('lets a machine without Go find what another Go has built, and nothing else', () => {
    const other = cacheKey(etcd, { ...sources, goSum: 't' }, 'linux-x64', 'go1.26.8');

    expect(usableKeys([other, key, 'kubelet-1-go1'], etcd, sources, 'linux-x64')).toEqual([key]);
  });
});

describe('planBuilds', () => {
  it('builds each module once, with all tools asked of it', () => {
    const builds = planBuilds(['kubelet', 'etcd', 'kube-proxy'].map(toolNamed));

    expect(builds.map((build) => [build.module, build.tools.map((tool) => tool.name)])).toEqual([
      ['kubernetes', ['kubelet', 'kube-proxy']],
      ['kubernetes/etcd', ['etcd']],
    ]);
    const args = goBuildArgs(builds[0] ?? { module: '', tools: [] }, '/out');
    expect(args).toContain('/out/');
    expect(args.slice(-2)).toEqual(['k8s.io/kubernetes/cmd/kubelet', 'k8s.io/kubernetes/cmd/kube-proxy']);
    expect(args.join(' ')).toContain('-X k8s.io/component-base/version.gitVersion=v1.37.1');
  });

  it('needs the tools of a module to share their flags, since they are built by one call', () => {
    for (const build of planBuilds(TOOLS))
      expect(new Set(build.tools.map((tool) => JSON.stringify(tool.stamps))).size).toBe(1);
  });
});

describe('the list of tools', () => {
  const pinned = TOOLS.filter((tool) => !tool.source.startsWith('tenantry.'));
  const older = KUBERNETES_RELEASES.slice(1).map((release) => toolOf(toolNamed('kubelet'), release));

  it.each([...pinned, ...older].map((tool) => [`${tool.name} of ${tool.module}`, tool] as const))(
    '%s has the version that its go.mod pins',
    (_name, tool) => {
      const goMod = readFileSync(join(import.meta.dirname, '../../tools', tool.module, 'go.mod'), 'utf8');

      expect(goMod).toContain(`${tool.source} v${tool.version}\n`);
    },
  );

  it.each([
    ['etcd', 'server'],
    ['kubelet', 'kubelet'],
    ['helm', 'helm'],
    ['pause', 'pause'],
  ])('%s comes out of the compiler as %s', (name, built) => expect(builtName(toolNamed(name))).toBe(built));

  it('refuses a name it does not know', () => expect(() => toolNamed('kubelt')).toThrow(/kubelet/));
});

describe('classifyBuildFailure', () => {
  it.each([
    ['go: go.mod requires go >= 1.26.0 (running go 1.19.8; GOTOOLCHAIN=local)', 'go-too-old'],
    [
      "go: errors parsing go.mod:\n/x/go.mod:3: invalid go version '1.26.0': must match format 1.23",
      'go-too-old',
    ],
    ['compile: writing output: write $WORK/b1/_pkg_.a: no space left on device', 'disk-full'],
    ['go: a@v1: Get "https://proxy": dial tcp: lookup proxy: no such host', 'no-network'],
    ['k8s.io/x: /usr/lib/go/compile: signal: killed', 'out-of-memory'],
    ['x.go:3:1: undefined: y', 'other'],
  ])('%s → %s', (output, kind) => expect(classifyBuildFailure(output)).toBe(kind));
});
