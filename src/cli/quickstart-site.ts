import { downCluster } from '../local/cluster-down.ts';
import { imageStores, requireRunning } from '../local/cluster-status.ts';
import { upCluster } from '../local/cluster-up.ts';
import { keepForward } from '../local/forwards.ts';
import { buildImages } from '../local/images/build-images.ts';
import { IMAGE_PACKAGES, LOCAL_REGISTRY, type ImageName } from '../local/images/image-list.ts';
import { importImages } from '../local/images/import-images.ts';
import type { KubernetesRelease } from '../local/kubernetes-release.ts';
import { localPlaneImages } from '../local/plane-images.ts';
import { ensurePackages } from '../local/packages.ts';
import type { Json } from '../kube/object.ts';
import type { CliIo } from './cli-io.ts';
import { imageValues } from './install.ts';
import { imageOptions, localOptions } from './local-options.ts';

/** Where the main job runs: a kubeconfig, what to install, and how this shell reaches an address inside. */
export interface Site {
  readonly kubeconfig: string | undefined;
  /** Values of the operator's chart. */
  readonly values: Readonly<Record<string, Json>>;
  /** A URL that this shell can open for an address of the cluster's network; undefined where only the cluster's own way works. */
  readonly reach: ((host: string, port: number) => Promise<string>) | undefined;
}

/** Images of the main job: the operator and what the charts of examples/ name. */
const IMAGES: readonly ImageName[] = ['operator', 'wordpress', 'mariadb', 'http-echo'];

interface ExistingFlags {
  readonly kubeconfig?: string;
  readonly image?: string;
  readonly imageRegistry?: string;
}

/** The cluster that the current kubeconfig names, with an image that was pushed. */
export function existingSite({ kubeconfig, image, imageRegistry }: ExistingFlags): Site {
  return {
    kubeconfig,
    values: {
      ...(image === undefined ? {} : { image: imageValues(undefined, image) }),
      ...(imageRegistry === undefined ? {} : { imageRegistry }),
    },
    reach: undefined,
  };
}

/** What is asked of the local cluster. */
export interface LocalFlags {
  readonly name: string;
  readonly subnet?: string;
  readonly kubernetesVersion?: KubernetesRelease;
}

/** Brings the local cluster up, builds the images and imports them; each part is taken from the cache where it is unchanged. */
export async function provideLocalSite(io: CliIo, flags: LocalFlags): Promise<Site> {
  const options = localOptions(io, flags.name);
  await upCluster(options, { nodes: flags.subnet, release: flags.kubernetesVersion });
  const images = imageOptions(io);
  await ensurePackages(IMAGE_PACKAGES, options);
  const archives = await buildImages(IMAGES, images);
  const { paths, state } = await requireRunning(options);
  await importImages(imageStores(paths, state, options), archives, io.progress, io.signal);
  const operator = archives[IMAGES.indexOf('operator')];
  return {
    kubeconfig: paths.kubeconfig,
    values: {
      image: imageValues({ pullPolicy: 'Never' }, operator?.ref ?? ''),
      imageRegistry: LOCAL_REGISTRY,
      planes: { images: localPlaneImages() },
    },
    reach: async (host, port) => {
      const forward = await keepForward(paths, { host, port }, { port: 0, self: options.self });
      return `http://127.0.0.1:${forward.port}`;
    },
  };
}

/** Ends the local cluster and everything in it. */
export async function downLocalSite(io: CliIo, flags: LocalFlags): Promise<void> {
  await downCluster(localOptions(io, flags.name));
}
