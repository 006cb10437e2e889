import { join } from 'node:path';
import type { Json } from '../kube/object.ts';
import { provideTools, type ClusterOptions } from './cluster-options.ts';
import { imageStores, requireRunning } from './cluster-status.ts';
import { importArchive, listImages } from './containerd-images.ts';
import { publishImages } from './image-registry.ts';
import { buildImages, type ImageOptions } from './images/build-images.ts';
import { IMAGE_PACKAGES, LOCAL_REGISTRY } from './images/image-list.ts';
import { importImages } from './images/import-images.ts';
import { NEWEST_RELEASE, type KubernetesRelease } from './kubernetes-release.ts';
import { ensurePackages } from './packages.ts';
import { SYSTEM_IMAGES, systemImageArchive, type SystemImage } from './system-images.ts';
import { toolNamed, toolOf } from './tools.ts';

/** Programs of control planes, in the order of their sizes. */
const PROGRAMS = ['kube-apiserver', 'kube-controller-manager', 'kine', 'etcd'] as const;
/** The user without rights that container images have agreed on. */
const NOBODY = '65532:65532';

/** The program as an image of its own, named and tagged as Kubernetes' registry does. */
export function planeImage(program: (typeof PROGRAMS)[number], release: KubernetesRelease): SystemImage {
  const { version } = toolOf(toolNamed(program), release);
  return {
    ref: `${LOCAL_REGISTRY}/${program}:v${version}`,
    tool: program,
    config: { Entrypoint: [`/${program}`], User: NOBODY, Env: ['PATH=/'], WorkingDir: '/' },
  };
}

/** Value `planes.images` of the operator's chart on a local cluster. */
export function localPlaneImages(): Readonly<Record<string, Json>> {
  const { ref: etcd } = planeImage('etcd', NEWEST_RELEASE);
  const { ref: kine } = planeImage('kine', NEWEST_RELEASE);
  return {
    apiServer: `${LOCAL_REGISTRY}/kube-apiserver`,
    controllerManager: `${LOCAL_REGISTRY}/kube-controller-manager`,
    etcd,
    kine,
    postgres: `${LOCAL_REGISTRY}/postgres:15`,
    coredns: SYSTEM_IMAGES.coredns.ref,
    pullPolicy: 'IfNotPresent',
  };
}

/** Imports into a local cluster what control planes run: one release of Kubernetes, the stores. What is there already stays. */
export async function importPlaneImages(
  options: ClusterOptions,
  images: ImageOptions,
  release: KubernetesRelease = NEWEST_RELEASE,
): Promise<void> {
  const { progress, signal } = options;
  const tools = await provideTools(PROGRAMS, options, release);
  await ensurePackages(IMAGE_PACKAGES, options);
  const postgres = await buildImages(['postgres'], images);
  const { paths, state } = await requireRunning(options);
  const stores = imageStores(paths, state, options);
  const cache = join(options.cacheHome, 'tenantry', 'images');
  const architecture = options.platform.split('-')[1] ?? '';
  const there = await Promise.all(stores.map((store) => listImages(store)));
  for (const program of PROGRAMS) {
    const image = planeImage(program, release);
    // A tag is a version here, and a version is built once.
    const lacking = stores.filter((_store, index) => there[index]?.has(image.ref) !== true);
    if (lacking.length === 0) continue;
    await progress.step(`import ${program}`, async () => {
      const archive = await systemImageArchive(image, tools, cache, architecture);
      for (const store of lacking) await importArchive(store, archive, signal);
    });
  }
  await importImages(stores, postgres, progress, signal);
  await publishImages(stores);
}
