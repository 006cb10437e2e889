import { sha256 } from '../lib/hash.ts';
import type { Tool } from './tools.ts';

/** One `go build` for tools of the same module: they share most of their packages. */
export interface GoBuild {
  readonly module: string;
  readonly tools: readonly Tool[];
}

/** The bytes that decide what a build gives, beside the tool's own entry in the list. */
export interface ModuleSources {
  readonly goMod: string;
  readonly goSum: string;
  /** Own Go sources of the module, if it has any; '' otherwise. */
  readonly own?: string;
}

/** Enough digits that two builds never share a place; integrity is not their task. */
const KEY_DIGITS = 16;

/**
 * Where a tool's build is kept: `etcd-1f0c…-go1.26.8`. The first part is what it was built from, the second by what, so
 * that a machine without Go can still use what it was given (see `usableKeys`).
 */
export function cacheKey(tool: Tool, sources: ModuleSources, platform: string, goVersion: string): string {
  return `${keyPrefix(tool, sources, platform)}${goVersion}`;
}

/** All cached builds of exactly these sources, by whichever Go; the caller prefers its own. */
export function usableKeys(
  present: readonly string[],
  tool: Tool,
  sources: ModuleSources,
  platform: string,
): readonly string[] {
  const prefix = keyPrefix(tool, sources, platform);
  return present.filter((key) => key.startsWith(prefix)).sort();
}

function keyPrefix(tool: Tool, sources: ModuleSources, platform: string): string {
  const inputs = [tool.package, sources.goMod, sources.goSum, sources.own ?? '', linkerFlags(tool), platform];
  return `${tool.name}-${sha256(JSON.stringify(inputs)).slice(0, KEY_DIGITS)}-`;
}

/** `-ldflags`: no symbol tables (a third of the size), and the version. */
export function linkerFlags(tool: Tool): string {
  const stamps = Object.entries(tool.stamps).map(([name, value]) => `-X ${name}=${value}`);
  return ['-s', '-w', ...stamps].join(' ');
}

/** Groups tools by module, so that each module is built by one call, its tests by another. Flags are the module's: its tools share them. */
export function planBuilds(tools: readonly Tool[]): readonly GoBuild[] {
  const byModule = new Map<string, Tool[]>();
  const keyOf = ({ module, isTests = false }: Tool): string => `${module} ${isTests}`;
  for (const tool of tools) byModule.set(keyOf(tool), [...(byModule.get(keyOf(tool)) ?? []), tool]);
  return [...byModule.values()].map((members) => ({ module: members[0]?.module ?? '', tools: members }));
}

/** The arguments of `go` for one build into the folder `out` (which must end in a slash to be taken as one). */
export function goBuildArgs(build: GoBuild, out: string): readonly string[] {
  const [first] = build.tools;
  const flags = first === undefined ? '' : linkerFlags(first);
  return [
    ...(first?.isTests === true ? ['test', '-c', '-vet=off'] : ['build']),
    '-trimpath',
    '-buildvcs=false',
    '-mod=readonly',
    '-ldflags',
    flags,
    '-o',
    `${out}/`,
    ...build.tools.map((tool) => tool.package),
  ];
}

/** The file name that Go gives a main package, or a package's tests: its path's last part, a major version (`/v3`) left out. */
export function builtName(tool: Tool): string {
  const parts = tool.package.split('/');
  const last = parts.at(-1) ?? tool.name;
  const name = /^v\d+$/.test(last) ? (parts.at(-2) ?? tool.name) : last;
  return tool.isTests === true ? `${name}.test` : name;
}

/** Why a build failed, as far as its output tells. */
export type BuildFailure = 'go-too-old' | 'no-network' | 'disk-full' | 'out-of-memory' | 'other';

/** Reads the compiler's output. */
export function classifyBuildFailure(output: string): BuildFailure {
  if (/no space left on device|disk quota exceeded/i.test(output)) return 'disk-full';
  if (
    /requires go >= |invalid go version|go\.mod file indicates go|unknown directive: (toolchain|tool)|requires newer Go version/.test(
      output,
    )
  )
    return 'go-too-old';
  if (/signal: killed|cannot allocate memory/.test(output)) return 'out-of-memory';
  if (/dial tcp|no such host|i\/o timeout|TLS handshake|proxyconnect|connection refused/.test(output))
    return 'no-network';
  return 'other';
}
