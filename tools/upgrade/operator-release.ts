import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DEFAULT_RELEASE, imageValues } from '../../src/cli/install.ts';
import { imageOptions, localOptions } from '../../src/cli/local-options.ts';
import type { Client } from '../../src/client/client.ts';
import type { Discovery } from '../../src/client/discovery.ts';
import { releaseObjects } from '../../src/features/installation/release-objects.ts';
import { readHistory } from '../../src/features/installation/release-history.ts';
import { waitForWebhooks } from '../../src/features/installation/wait-for-webhooks.ts';
import { groupKindOf } from '../../src/kube/kind.ts';
import type { Json } from '../../src/kube/object.ts';
import { POD } from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { imageStores, requireRunning } from '../../src/local/cluster-status.ts';
import { buildImages } from '../../src/local/images/build-images.ts';
import { LOCAL_REGISTRY, type ImageName } from '../../src/local/images/image-list.ts';
import { importImages } from '../../src/local/images/import-images.ts';
import { localPlaneImages } from '../../src/local/plane-images.ts';
import { benchIo, NS, OPERATOR_PODS } from '../bench/bench-cluster.ts';
import { leaderPod } from '../bench/operator-metrics.ts';
import { toolPath } from '../bench/programs.ts';
import { waitFor } from '../bench/wait-for.ts';
import { show } from '../local-programs.ts';

/** A build of Tenantry: its checkout, with `dist` in it. */
export interface Build {
  readonly folder: string;
  readonly program: string;
}

/** Where it is installed. */
export interface Host {
  readonly cluster: string;
  readonly kubeconfig: string;
  readonly client: Client;
  readonly discovery: Discovery;
}

const ROLL_MS = 180_000;

/** Builds the images of a build's checkout into the cluster; answers the reference of the operator's. */
export async function importFrom(
  { folder }: Build,
  { cluster }: Host,
  more: readonly ImageName[] = [],
): Promise<string> {
  const io = benchIo();
  const options = localOptions(io, cluster);
  const archives = await buildImages(['operator', ...more], { ...imageOptions(io), root: folder });
  const { paths, state } = await requireRunning(options);
  await importImages(imageStores(paths, state, options), archives, io.progress, io.signal);
  return archives[0]?.ref ?? '';
}

/** Values of the chart for an operator's image, in a file that is gone afterwards. */
async function withValues<T>(image: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-upgrade-'));
  const values: Readonly<Record<string, Json>> = {
    image: imageValues({ pullPolicy: 'Never' }, image),
    imageRegistry: LOCAL_REGISTRY,
    planes: { images: localPlaneImages() },
  };
  const file = join(folder, 'values.yaml');
  writeFileSync(file, JSON.stringify(values));
  try {
    return await work(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function must(what: string, code: Promise<number>): Promise<void> {
  const ended = await code;
  if (ended !== 0) throw new Error(`${what} ended with ${ended}`);
}

/** Runs a build's own program. */
export async function runProgram(
  { program }: Build,
  { kubeconfig }: Host,
  ...words: readonly string[]
): Promise<void> {
  const env = { KUBECONFIG: kubeconfig };
  await must(`tenantry ${words.join(' ')}`, show(process.execPath, [program, ...words], env));
}

/** `tenantry install`, by the build's own program. */
export async function installBy(build: Build, host: Host, image: string): Promise<void> {
  await withValues(image, (file) => runProgram(build, host, 'install', '-f', file));
  await takenOver(host, image);
}

/** `helm upgrade` to the build's chart. */
export async function helmUpgrade({ folder }: Build, host: Host, image: string): Promise<void> {
  const chart = join(folder, 'deploy/chart');
  await withValues(image, (file) => {
    const words = ['upgrade', DEFAULT_RELEASE, chart, '-n', NS, '-f', file, '--wait', '--timeout', '3m'];
    return must('helm upgrade', show(toolPath('helm'), words, { KUBECONFIG: host.kubeconfig }));
  });
  await takenOver(host, image);
}

/** Pods of other images are gone, one of this image leads, and admission is asked. */
async function takenOver({ client }: Host, image: string): Promise<void> {
  await waitFor('the operator’s pods are all of the new image', ROLL_MS, async () => {
    const { items } = await client.list(POD, { namespace: NS, labelSelector: OPERATOR_PODS });
    const leader = await leaderPod(client);
    const isNew = items.every(({ spec }) => spec?.containers[0]?.image === image);
    return isNew && items.some(({ metadata }) => metadata.name === leader) ? true : undefined;
  });
  const { signal } = new AbortController();
  await waitForWebhooks({ client, clock: systemClock, signal, release: { namespace: NS }, waitMs: ROLL_MS });
}

/** Keys of what the newest release of the operator rendered, as pictures name them. */
export async function rendered({ client, discovery }: Host): Promise<ReadonlySet<string>> {
  const release = { name: DEFAULT_RELEASE, namespace: NS };
  const newest = (await readHistory(client, release)).at(-1);
  const manifests = [{ source: 'release', content: newest?.manifest ?? '' }];
  const objects = await releaseObjects(manifests, release, discovery);
  return new Set(
    objects.map(
      ({ kind, object: { metadata } }) => `${groupKindOf(kind)} ${metadata.namespace ?? ''}/${metadata.name}`,
    ),
  );
}
