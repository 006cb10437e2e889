/** The Debian release of our local images: the one whose WordPress, MariaDB and C library the recipes were tried with. */
export const SUITE = 'bookworm';

/** Packages beyond the least with which apt works. Certificates, for all that speak TLS. */
const PACKAGES = ['ca-certificates'];

/** What nobody reads inside a container; leaving it out saves a third of the image. */
const LEFT_OUT = ['man', 'locale', 'doc', 'info'];

/** The part of the settings that decides what is in the base; goes into its key. */
export const BASE_SETTINGS: readonly string[] = ['debian-base 1', SUITE, ...PACKAGES, ...LEFT_OUT];

/** Fields of `apt-get indextargets` in the order in which `debianSources` reads them. */
export const INDEX_TARGET_FORMAT = '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)';

const DEFAULT_SOURCES: readonly string[] = [
  `deb http://deb.debian.org/debian ${SUITE} main`,
  `deb http://deb.debian.org/debian ${SUITE}-updates main`,
  `deb http://deb.debian.org/debian-security ${SUITE}-security main`,
];

/**
 * The package sources of the base image: the mirrors that this machine's apt uses for the same release (perhaps the
 * only ones it reaches), else Debian's own. `indexTargets` is what apt-get printed.
 */
export function debianSources(indexTargets: string): readonly string[] {
  const sources = new Set<string>();
  for (const line of indexTargets.split('\n')) {
    const [origin, uri = '', release = '', component] = line.split('|');
    if (origin !== 'Debian' || component !== 'main') continue;
    if (![SUITE, `${SUITE}-updates`, `${SUITE}-security`].includes(release)) continue;
    sources.add(`deb ${uri.replace(/\/$/, '')} ${release} main`);
  }
  const whole = [...sources].some((source) => source.endsWith(` ${SUITE} main`));
  return whole ? [...sources] : DEFAULT_SOURCES;
}

/** Arguments of mmdebstrap that fill `folder`. apt's lists stay: the images built on the base start from them. */
export function bootstrapArgs(folder: string, sources: readonly string[]): readonly string[] {
  return [
    '--quiet',
    '--mode=root',
    '--variant=apt',
    '--format=directory',
    '--skip=cleanup/apt/lists',
    `--include=${PACKAGES.join(',')}`,
    // Nothing is lost if the power goes: the build begins anew.
    '--dpkgopt=force-unsafe-io',
    ...LEFT_OUT.map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    SUITE,
    folder,
    ...sources,
  ];
}
