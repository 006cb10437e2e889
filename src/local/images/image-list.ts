/** The images that can be built here, without any registry. */
export type ImageName = 'wordpress' | 'mariadb' | 'postgres' | 'http-echo' | 'node' | 'operator';

/** What an image stands on. */
export type ImageBase = 'debian' | 'node' | 'scratch';

/** How one image is made. */
export interface ImageRecipe {
  /** What its archive is called. */
  readonly name: string;
  /** Full reference, where it is another than `tag` in our registry. */
  readonly ref?: string;
  /**
   * Tag of the image, the one our charts ask for; undefined = made of version and content, so that a Deployment rolls
   * when the content changes.
   */
  readonly tag: string | undefined;
  readonly base: ImageBase;
  /** Below the package's root. */
  readonly containerfile: string;
  /** Files and folders, below the package's root, of which the image is a function. */
  readonly inputs: readonly string[];
  /** Build context below the package's root; undefined = a folder made for the build, holding what `tools` can't keep. */
  readonly context: string | undefined;
  /** Files put beside the Containerfile’s own: names → paths. Each lies in a folder named by what it was made from. */
  readonly files?: ReadonlyMap<string, string>;
  /** Its Containerfile installs Debian packages. */
  readonly installs: boolean;
}

/** Where all images of ours are found on a machine without a registry: value `global.imageRegistry` of the examples. */
export const LOCAL_REGISTRY = 'localhost/tenantry';

/** Debian packages that building needs; everything else comes from Node, npm and Go. */
export const IMAGE_PACKAGES: readonly string[] = [
  'buildah',
  'mmdebstrap',
  'debian-archive-keyring',
  'ca-certificates',
];

const fromDebian = <Name extends ImageName>(name: Name, tag: string): ImageRecipe & { name: Name } => ({
  name,
  tag,
  base: 'debian',
  containerfile: `tools/images/${name}/Containerfile`,
  inputs: [`tools/images/${name}`],
  context: `tools/images/${name}`,
  installs: true,
});

/**
 * All of them. The tags are those of the official images that the examples name, as far as they hold for Debian's
 * packages too: Debian 12 has WordPress 6, MariaDB 10.11 and PostgreSQL 15.
 */
export const IMAGES: readonly (ImageRecipe & { readonly name: ImageName })[] = [
  fromDebian('wordpress', '6-apache'),
  fromDebian('mariadb', '10.11'),
  fromDebian('postgres', '15'),
  {
    name: 'http-echo',
    tag: '1.0.0',
    base: 'scratch',
    containerfile: 'tools/images/http-echo/Containerfile',
    inputs: ['tools/images/http-echo'],
    context: undefined,
    installs: false,
  },
  {
    name: 'node',
    tag: '24',
    base: 'debian',
    containerfile: 'tools/images/node/Containerfile',
    inputs: ['tools/images/node'],
    context: undefined,
    installs: false,
  },
  {
    name: 'operator',
    tag: undefined,
    base: 'node',
    containerfile: 'Containerfile',
    inputs: ['Containerfile', '.containerignore', 'package.json', 'deploy', 'dist'],
    context: '.',
    installs: false,
  },
];

/** The recipe of this name. */
export function imageRecipe(name: ImageName): ImageRecipe {
  const recipe = IMAGES.find((each) => each.name === name);
  if (recipe === undefined) throw new RangeError(`no image is called ${name}`);
  return recipe;
}

/** Whether text is the name of an image that can be built. */
export function isImageName(text: string): text is ImageName {
  return IMAGES.some((each) => each.name === text);
}

/** Full reference under which the image is imported. `version` is the package's, `key` the hash of all inputs. */
export function imageRef(recipe: ImageRecipe, version: string, key: string): string {
  return recipe.ref ?? `${LOCAL_REGISTRY}/${recipe.name}:${recipe.tag ?? `${version}-${key.slice(0, 10)}`}`;
}
