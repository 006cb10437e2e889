import { join } from 'node:path';
import type { ImageRecipe } from '../../src/local/images/image-list.ts';

/**
 * Where the tests find the images of `registry.k8s.io` and its neighbours: builds of ours never carry somebody else's name. Given
 * to the tests by `registryList`.
 */
const REGISTRY = 'localhost/tenantry/kubernetes-tests';

/** A registry that exists nowhere: the tests that ask for an image of these want it to be missing. */
const NOWHERE = ['invalidRegistry', 'privateRegistry'];
const OURS = [
  'promoterE2eRegistry',
  'gcEtcdRegistry',
  'gcRegistry',
  'sigStorageRegistry',
  'buildImageRegistry',
];

/** The file that KUBE_TEST_REPO_LIST names: which registry stands for which. */
export function registryList(): string {
  const lines = [
    ...OURS.map((name) => `${name}: ${REGISTRY}`),
    ...NOWHERE.map((name) => `${name}: invalid.registry.k8s.io/invalid`),
  ];
  return `${lines.join('\n')}\n`;
}

/** One image that tests name, and what is put beside its Containerfile: programs by name, files of Kubernetes' sources by path. */
interface TestImage {
  /** With the tag that the tests ask for. */
  readonly ref: string;
  /** The folder of its Containerfile, where it is not called as the image. */
  readonly folder?: string;
  readonly base?: 'debian';
  readonly installs?: boolean;
  readonly programs?: readonly string[];
  readonly sources?: readonly string[];
}

const AGNHOST = {
  folder: 'agnhost',
  base: 'debian',
  installs: true,
  programs: ['agnhost', 'coredns'],
  sources: ['test/images/agnhost/porter/localhost.crt', 'test/images/agnhost/porter/localhost.key'],
} as const;

/**
 * All of them. Where two versions of an image only have to differ by name, both are the same build. Not here: images for drivers
 * of volumes and devices, for AppArmor and for load, which no test that runs here asks for.
 */
const IMAGES: readonly TestImage[] = [
  { ref: 'agnhost:2.66.1', ...AGNHOST },
  { ref: 'agnhost:2.55', ...AGNHOST },
  { ref: 'busybox:1.37.0-2', base: 'debian', installs: true },
  { ref: 'nginx:1.27.0-2', base: 'debian', installs: true },
  { ref: 'nginx:1.28.0-2', base: 'debian', installs: true },
  { ref: 'nonroot:1.5', base: 'debian' },
  { ref: 'ipc-utils:1.4', base: 'debian' },
  { ref: 'glibc-dns-testing:2.1.1', base: 'debian', installs: true, programs: ['coredns'] },
  { ref: 'nautilus:1.8', programs: ['agnhost'] },
  { ref: 'nonewprivs:1.4', programs: ['nonewprivs'] },
  { ref: 'sample-apiserver:1.29.2', programs: ['sample-apiserver'] },
  { ref: 'etcd:3.7.0-0', programs: ['etcd'] },
  { ref: 'pause:3.10.2', programs: ['pause'] },
];

/** Programs of the local cluster that images hold, beside the tests' own. */
export const IMAGE_PROGRAMS = ['coredns', 'etcd', 'pause'] as const;

/** How images are built. `programs`: names → paths; `sources`: the folder of Kubernetes' sources; `wanted`: beginnings of names. */
export function testImages(
  programs: ReadonlyMap<string, string>,
  sources: string,
  wanted: readonly string[] = [''],
): readonly ImageRecipe[] {
  const chosen = IMAGES.filter(({ ref }) => wanted.some((name) => ref.startsWith(name)));
  return chosen.map((image) => {
    const [name = '', tag = ''] = image.ref.split(':');
    const folder = `tools/kubernetes-tests/images/${image.folder ?? name}`;
    return {
      name: `tests-${name}-${tag}`,
      ref: `${REGISTRY}/${image.ref}`,
      tag,
      base: image.base ?? 'scratch',
      containerfile: `${folder}/Containerfile`,
      inputs: [folder],
      context: undefined,
      installs: image.installs ?? false,
      files: filesOf(image, programs, sources),
    };
  });
}

function filesOf(
  image: TestImage,
  programs: ReadonlyMap<string, string>,
  sources: string,
): ReadonlyMap<string, string> {
  const built = (image.programs ?? []).map((name) => [name, programs.get(name) ?? name] as const);
  const given = (image.sources ?? []).map(
    (path) => [path.split('/').at(-1) ?? path, join(sources, path)] as const,
  );
  return new Map([...built, ...given]);
}
