import { Option } from 'commander';
import { KUBERNETES_RELEASES, NEWEST_RELEASE, releaseNamed } from '../local/kubernetes-release.ts';

/** `--kubernetes-version`, parsed: which Kubernetes a local cluster runs. */
export function kubernetesVersion(): Option {
  const all = KUBERNETES_RELEASES.map(({ version }) => version).join(', ');
  return new Option(
    '--kubernetes-version <version>',
    `which Kubernetes: ${all} (default: ${NEWEST_RELEASE.version})`,
  ).argParser(releaseNamed);
}
