import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The folders behind local volumes. Both calls may be repeated. */
export interface VolumeFolders {
  pathOf(name: string): string;
  prepare(name: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/**
 * Folders below one root. A new one is open to every user (0777): pods run as any user, and the root keeps others of
 * the machine out (0711). Removal never follows a symbolic link.
 */
export function volumeFolders(root: string): VolumeFolders {
  const pathOf = (name: string): string => join(root, name);
  return {
    pathOf,
    prepare: async (name) => {
      await mkdir(root, { recursive: true, mode: 0o711 });
      await mkdir(pathOf(name), { recursive: true });
      // Not by mkdir's mode: the umask would take bits away.
      await chmod(pathOf(name), 0o777);
    },
    remove: (name) => rm(pathOf(name), { recursive: true, force: true }),
  };
}
