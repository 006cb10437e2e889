import { NEWEST_RELEASE, type KubernetesRelease } from './kubernetes-release.ts';

/** A program that we can build from pinned Go modules. */
export interface Tool {
  readonly name: string;
  /** Folder of its go.mod, below the repository's `tools/`. */
  readonly module: string;
  /** The main package. */
  readonly package: string;
  /** Without a leading `v`. Must be the version in go.mod: a test holds the two together. */
  readonly version: string;
  /** The Go module whose version go.mod pins. */
  readonly source: string;
  /** Variables stamped by the linker, so that the program knows its own version. */
  readonly stamps: Readonly<Record<string, string>>;
  /** Its tests are what is built (`go test -c`), not a command. */
  readonly isTests?: boolean;
  /** Arguments that make it print its version, to tell whether one found on PATH will do. */
  readonly versionArgs: readonly string[];
}

const HELM = '4.3.1';

/** Kubernetes' programs learn their version from the linker; without these, clients would see v0.0.0. */
export const kubernetesStamps = (version: string): Record<string, string> => {
  const [major = '', minor = ''] = version.split('.');
  const stamp = 'k8s.io/component-base/version';
  return {
    [`${stamp}.gitVersion`]: `v${version}`,
    [`${stamp}.gitMajor`]: major,
    [`${stamp}.gitMinor`]: minor,
    [`${stamp}.gitTreeState`]: 'clean',
    'k8s.io/client-go/pkg/version.gitVersion': `v${version}`,
    'k8s.io/client-go/pkg/version.gitMajor': major,
    'k8s.io/client-go/pkg/version.gitMinor': minor,
  };
};

/** The Go module of Kubernetes' own programs. */
const KUBERNETES_SOURCE = 'k8s.io/kubernetes';

const kubernetes = (name: string, versionArgs: readonly string[] = ['--version']): Tool => ({
  name,
  package: `k8s.io/kubernetes/cmd/${name}`,
  source: KUBERNETES_SOURCE,
  versionArgs,
  ...ofRelease(NEWEST_RELEASE),
});

function ofRelease({ version, module }: KubernetesRelease): Pick<Tool, 'module' | 'version' | 'stamps'> {
  return { module, version, stamps: kubernetesStamps(version) };
}

/** All programs that are built from Go modules. */
export const TOOLS: readonly Tool[] = [
  kubernetes('kube-apiserver'),
  kubernetes('kube-controller-manager'),
  kubernetes('kube-scheduler'),
  kubernetes('kubelet'),
  kubernetes('kube-proxy'),
  kubernetes('kubectl', ['version', '--client']),
  {
    name: 'etcd',
    module: 'kubernetes/etcd',
    package: 'go.etcd.io/etcd/server/v3',
    version: '3.6.16',
    source: 'go.etcd.io/etcd/server/v3',
    stamps: {},
    versionArgs: ['--version'],
  },
  {
    name: 'kine',
    module: 'kubernetes/kine',
    package: 'github.com/k3s-io/kine',
    version: '0.16.4',
    source: 'github.com/k3s-io/kine',
    stamps: { 'github.com/k3s-io/kine/pkg/version.Version': 'v0.16.4' },
    versionArgs: ['--version'],
  },
  {
    name: 'coredns',
    module: 'kubernetes/coredns',
    package: 'github.com/coredns/coredns',
    version: '1.15.0',
    source: 'github.com/coredns/coredns',
    stamps: {},
    versionArgs: ['-version'],
  },
  {
    name: 'metrics-server',
    module: 'kubernetes/metrics-server',
    package: 'sigs.k8s.io/metrics-server/cmd/metrics-server',
    version: '0.9.0',
    source: 'sigs.k8s.io/metrics-server',
    stamps: {
      'sigs.k8s.io/metrics-server/pkg/version.gitVersion': 'v0.9.0',
      'k8s.io/component-base/version.gitVersion': 'v0.9.0',
    },
    versionArgs: ['--version'],
  },
  {
    name: 'registry',
    module: 'kubernetes/registry',
    package: 'tenantry.local/registry',
    version: '3.1.2',
    source: 'github.com/distribution/distribution/v3',
    stamps: { 'github.com/distribution/distribution/v3/version.version': 'v3.1.2' },
    versionArgs: ['--version'],
  },
  {
    name: 'pause',
    module: 'kubernetes/pause',
    package: 'tenantry.local/pause',
    version: '1',
    source: 'tenantry.local/pause',
    stamps: {},
    versionArgs: ['-version'],
  },
  {
    name: 'helm',
    module: 'helm',
    package: 'helm.sh/helm/v4/cmd/helm',
    version: HELM,
    source: 'helm.sh/helm/v4',
    stamps: { 'helm.sh/helm/v4/internal/version.version': `v${HELM}` },
    versionArgs: ['version', '--short'],
  },
];

/** What a cluster needs of them; the rest are for people and tests. */
export const CLUSTER_TOOLS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'etcd',
  'coredns',
  'metrics-server',
  'registry',
  'pause',
] as const;

/** The tool of this name. Throws for a name that is not in the list: that is a mistake in our own code. */
export function toolNamed(name: string): Tool {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool === undefined)
    throw new RangeError(`no tool is called ${name}; there are ${TOOLS.map((each) => each.name).join(', ')}`);
  return tool;
}

/** Whether each release of Kubernetes has its own build of the tool. */
export function isKubernetes(tool: Tool): boolean {
  return tool.source === KUBERNETES_SOURCE;
}

/** The tool as a release of Kubernetes has it; one that is not Kubernetes' own is the same for all. */
export function toolOf(tool: Tool, release: KubernetesRelease): Tool {
  return isKubernetes(tool) ? { ...tool, ...ofRelease(release) } : tool;
}
