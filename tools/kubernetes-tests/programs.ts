import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { NEWEST_RELEASE } from '../../src/local/kubernetes-release.ts';
import { kubernetesStamps, type Tool } from '../../src/local/tools.ts';

/** The Go module that pins what is built of Kubernetes' own tests, below `tools/`. */
const MODULE = 'kubernetes/tests';

const { version } = NEWEST_RELEASE;

const program = (name: string, source: string, change: Partial<Tool> = {}): Tool => ({
  name,
  module: MODULE,
  package: `${source}/test/images/${name}`,
  version,
  source,
  stamps: kubernetesStamps(version),
  versionArgs: ['--version'],
  ...change,
});

const ofKubernetes = (name: string, change?: Partial<Tool>): Tool =>
  program(name, 'k8s.io/kubernetes', change);

/** The tests, what runs them beside one another, and the programs that their pods run. */
export const TEST_PROGRAMS: readonly Tool[] = [
  ofKubernetes('e2e.test', { package: 'k8s.io/kubernetes/test/e2e', isTests: true }),
  program('ginkgo', 'github.com/onsi/ginkgo/v2', {
    package: 'github.com/onsi/ginkgo/v2/ginkgo',
    version: '2.32.0',
    versionArgs: ['version'],
  }),
  ofKubernetes('agnhost'),
  ofKubernetes('nonewprivs'),
  program('sample-apiserver', 'k8s.io/sample-apiserver', {
    package: 'k8s.io/sample-apiserver',
    version: version.replace(/^1\./, '0.'),
  }),
];

/** Where Go keeps the sources of the tested Kubernetes: images need a few of its files. Fetched by the build of the tests. */
export function kubernetesSources(toolSources: string): string {
  const { status, stdout, stderr } = spawnSync('go', ['list', '-m', '-f', '{{.Dir}}', 'k8s.io/kubernetes'], {
    cwd: join(toolSources, MODULE),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`go list -m k8s.io/kubernetes: ${stderr}`);
  return stdout.trim();
}
