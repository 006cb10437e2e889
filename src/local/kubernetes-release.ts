import { WrongOption } from '../lib/wrong-option.ts';

/** A version of Kubernetes that a local cluster can run. */
export interface KubernetesRelease {
  /** Without a leading `v`. */
  readonly version: string;
  /** Folder of its go.mod, below the repository's `tools/`. */
  readonly module: string;
}

/** What runs where nothing else is asked for. */
export const NEWEST_RELEASE: KubernetesRelease = { version: '1.37.1', module: 'kubernetes' };

/** Every minor version that Tenantry works on, newest first: the newest of Kubernetes and the three before it. */
export const KUBERNETES_RELEASES: readonly [KubernetesRelease, ...KubernetesRelease[]] = [
  NEWEST_RELEASE,
  { version: '1.36.3', module: 'kubernetes/v1.36' },
  { version: '1.35.4', module: 'kubernetes/v1.35' },
  { version: '1.34.4', module: 'kubernetes/v1.34' },
];

/** The release that a user names by its version or its minor: `1.34`, `v1.34.4`. Throws WrongOption for one that there is not. */
export function releaseNamed(text: string): KubernetesRelease {
  const wanted = text.replace(/^v/, '');
  const found = KUBERNETES_RELEASES.find(({ version }) => version === wanted || minorOf(version) === wanted);
  if (found !== undefined) return found;
  const all = KUBERNETES_RELEASES.map(({ version }) => `v${version}`).join(', ');
  throw new WrongOption(
    `--kubernetes-version is "${text}", which can't be run here`,
    `There are ${all}; a minor alone will do (${minorOf(NEWEST_RELEASE.version)}).`,
  );
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');
