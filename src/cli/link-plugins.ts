import { mkdir, readlink, realpath, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UserError } from './cli-io.ts';
import { completionFile, PLUGINS } from './plugins.ts';

/** What a link of ours leads to, in whatever folder that was: it is replaced, anything else is left alone. */
const PROGRAM = 'tenantry.mjs';

/**
 * Links every plug-in and its completion to the program. Nothing is made if a file of somebody else's has one of the names: KubePlus's own
 * plug-ins, for instance. Answers how many plug-ins there are.
 */
export async function linkPlugins(folder: string, program: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  // Through links such as npm's, which may go with the version of Node.
  const target = await realpath(program);
  const files = PLUGINS.flatMap((plugin) => [plugin.file, completionFile(plugin)]);
  const taken: string[] = [];
  for (const file of files) if ((await ownerOf(join(folder, file))) === 'foreign') taken.push(file);
  if (taken.length > 0)
    throw new UserError(
      `${folder} has other programs of these names: ${taken.join(', ')}`,
      'Remove them, or name another folder: --dir <folder>.',
    );
  for (const file of files) {
    await rm(join(folder, file), { force: true });
    await symlink(target, join(folder, file));
  }
  return PLUGINS.length;
}

async function ownerOf(path: string): Promise<'nobody' | 'ours' | 'foreign'> {
  try {
    return basename(await readlink(path)) === PROGRAM ? 'ours' : 'foreign';
  } catch (error) {
    // EINVAL: a file that is no link.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'nobody' : 'foreign';
  }
}
