import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { NO_COLORS } from '../../src/cli/colors.ts';
import { imageOptions } from '../../src/cli/local-options.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentProgress } from '../../src/lib/progress.ts';
import { buildImages } from '../../src/local/images/build-images.ts';
import type { ImageName } from '../../src/local/images/image-list.ts';
import { shell, type Ended } from './programs.ts';

const NAME = 'tour';
/** The proof runs tours on the oldest Kubernetes that we support, too. */
const KUBERNETES = process.env['TENANTRY_KUBERNETES'];
/** What runs in a tour; the quickstart has built all of it already. */
const IMAGES: readonly ImageName[] = ['operator', 'http-echo', 'wordpress', 'mariadb'];

/**
 * A local cluster without an operator, in a folder of the test, where kubeconfigs are files and each line is typed with exactly one of
 * them.
 */
export class TourCluster {
  #folder = '';
  #operatorImage = '';

  /** The owner's kubeconfig. */
  get owner(): string {
    return join(this.#folder, 'tenantry/clusters', NAME, 'kubeconfig');
  }

  /** Reference of the image of the operator that is loaded. */
  get operatorImage(): string {
    return this.#operatorImage;
  }

  /** Arguments for `helm install` of our chart: the loaded images. */
  readonly imageValues = (): string => {
    const colon = this.#operatorImage.lastIndexOf(':');
    const [repository, tag] = [this.#operatorImage.slice(0, colon), this.#operatorImage.slice(colon + 1)];
    return `--set image.repository=${repository} --set image.tag=${tag} --set image.pullPolicy=Never --set imageRegistry=localhost/tenantry`;
  };

  /** Path of a file in the test's folder. */
  readonly file = (name: string): string => join(this.#folder, name);

  /** Types a line in the test's folder with one kubeconfig and no other. */
  readonly sh = (kubeconfig: string, line: string, input?: string): Promise<Ended> =>
    shell(`cd ${this.#folder} && ${line}`, {
      env: {
        XDG_DATA_HOME: this.#folder,
        XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
        KUBECONFIG: kubeconfig,
      },
      ...(input === undefined ? {} : { input }),
    });

  /** The same for a line that must work; answers its output. */
  readonly ok = async (kubeconfig: string, line: string, input?: string): Promise<string> => {
    const { code, stdout, stderr } = await this.sh(kubeconfig, line, input);
    if (code !== 0) throw new Error(`\`${line}\` ended with ${code}\n${stdout}${stderr}`);
    return stdout;
  };

  /** What `kubectl auth can-i` answers: yes or no. */
  readonly may = async (kubeconfig: string, question: string): Promise<string> =>
    (await this.sh(kubeconfig, `kubectl auth can-i ${question}`)).stdout.trim().split('\n').at(-1) ?? '';

  async up(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'tt-'));
    const images = await buildImages(IMAGES, imageOptions(this.#io()));
    this.#operatorImage = images[0]?.ref ?? '';
    const version = KUBERNETES === undefined ? '' : ` --kubernetes-version ${KUBERNETES}`;
    await this.ok(this.owner, `tenantry cluster up --name ${NAME} --subnet 10.97.0.0/24${version}`);
    for (const archive of images)
      await this.ok(this.owner, `tenantry cluster load-image ${archive.path} --name ${NAME}`);
  }

  async down(): Promise<void> {
    await this.sh(this.owner, `tenantry cluster down --name ${NAME}`);
    await rm(this.#folder, { recursive: true, force: true });
  }

  readonly #io = (): CliIo => ({
    out: () => undefined,
    err: () => undefined,
    colors: NO_COLORS,
    env: process.env,
    cwd: this.#folder,
    clock: systemClock,
    progress: silentProgress,
    signal: new AbortController().signal,
  });
}
