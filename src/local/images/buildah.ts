/** Where buildah keeps its layers: a store of our own, so that the machine's images are never touched or mixed up. */
export interface BuildahStore {
  readonly root: string;
  readonly runRoot: string;
  readonly driver: 'overlay' | 'vfs';
}

/** One build from a Containerfile. */
export interface BuildahBuild {
  readonly ref: string;
  readonly containerfile: string;
  readonly context: string;
  /** `ARG`s by name. */
  readonly args: Readonly<Record<string, string>>;
  /** Folders of this machine seen at a path during the build, not stored in the image. */
  readonly mounts: readonly { readonly from: string; readonly at: string }[];
}

/** Arguments in front of every buildah command. */
export function storeArgs(store: BuildahStore): readonly string[] {
  return ['--root', store.root, '--runroot', store.runRoot, '--storage-driver', store.driver];
}

/**
 * Arguments of a build. `chroot` needs neither runc nor cgroups; nothing is ever pulled; the fixed time makes the same
 * inputs give the same layers; compressing layers for an import on the same machine would only cost time.
 */
export function buildArgs(store: BuildahStore, build: BuildahBuild): readonly string[] {
  return [
    ...storeArgs(store),
    'build',
    '--isolation=chroot',
    '--pull-never',
    '--format=oci',
    '--timestamp=0',
    '--disable-compression',
    ...Object.entries(build.args).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...build.mounts.map((mount) => `--volume=${mount.from}:${mount.at}`),
    `--tag=${build.ref}`,
    `--file=${build.containerfile}`,
    build.context,
  ];
}

/** Arguments that write an image as plain files: `manifest.json` and one file a blob, layers uncompressed. */
export function exportArgs(store: BuildahStore, ref: string, folder: string): readonly string[] {
  return [
    ...storeArgs(store),
    'push',
    '--quiet',
    '--format=oci',
    '--disable-compression',
    ref,
    `dir:${folder}`,
  ];
}
