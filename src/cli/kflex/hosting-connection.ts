import { readFile } from 'node:fs/promises';
import { KFLEX_GROUP } from '../../api/names.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { silentProgress } from '../../lib/progress.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { connect, type Connection } from '../connect.ts';
import { terminalProgress } from '../terminal-progress.ts';
import { hostingContext, setHosting } from './contexts.ts';
import { editKubeconfig, readKubeFiles, type FileSurroundings } from './edit-kubeconfig.ts';
import { contextData, PLANE_NAME } from './extension.ts';
import { currentContext, type KubeFiles } from './kube-files.ts';

/** Flags of every verb, as KubeFlex has them. */
export interface KflexFlags {
  readonly kubeconfig?: string;
  readonly chattyStatus?: string | boolean;
  readonly verbosity?: string;
}

/** What reading and writing kubeconfigs takes, of a command. */
export function filesAround(io: CliIo): FileSurroundings {
  return { env: io.env, cwd: io.cwd, clock: io.clock, readFile: (path) => readFile(path, 'utf8') };
}

/** The command's surroundings with its steps told beside the results, or not at all: what a program reads on stdout is results alone. */
export function tellingBeside(io: CliIo, { chattyStatus }: KflexFlags): CliIo {
  const isQuiet = chattyStatus === false || chattyStatus === 'false';
  return { ...io, progress: isQuiet ? silentProgress : terminalProgress(io.err, io.clock, io.colors) };
}

/** The hosting cluster as a command reaches it. */
export interface Hosting extends Connection {
  /** Its context; undefined in a pod, where there is none. */
  readonly context: string | undefined;
}

/**
 * Does something with the hosting cluster, whatever context is in use: the current one where it serves control planes, which is then
 * remembered if none was, else the one that was remembered. The current context stays what it is.
 */
export async function withHosting<T>(
  io: CliIo,
  flags: KflexFlags,
  work: (hosting: Hosting) => Promise<T>,
): Promise<T> {
  const hosting = await openHosting(io, flags);
  if (Number(flags.verbosity) > 0)
    io.err(`hosting cluster: ${hosting.access.server}, context "${hosting.context ?? ''}"\n`);
  try {
    return await work(hosting);
  } finally {
    await hosting.client.close();
  }
}

async function openHosting(io: CliIo, { kubeconfig }: KflexFlags): Promise<Hosting> {
  const place = { kubeconfig };
  const files = await readKubeFiles(place, filesAround(io));
  const [current, stored] = [currentContext(files), hostingContext(files)];
  if (current === '' && stored === undefined && !files.some(({ exists }) => exists))
    return { ...(await connect(io, place)), context: undefined };
  if (current !== '' && !leadsToPlane(files, current)) {
    const connection = await connect(io, { kubeconfig, context: current });
    if (await servesPlanes(connection, stored !== undefined)) {
      if (stored === undefined)
        await editKubeconfig(place, filesAround(io), (all) => setHosting(all, current, io.clock.now()));
      return { ...connection, context: current };
    }
    await connection.client.close();
  }
  if (stored !== undefined)
    return { ...(await connect(io, { kubeconfig, context: stored })), context: stored };
  throw new UserError(
    `the hosting cluster context is not known! Context "${current}" does not serve control planes`,
    'Name it: `kflex config set-hosting CONTEXT`. If Tenantry is not there yet: `kflex init`.',
  );
}

/** A context that we made for a plane: nobody need ask it. */
function leadsToPlane(files: KubeFiles, context: string): boolean {
  return contextData(files, context)?.[PLANE_NAME] !== undefined;
}

/** Whether a cluster serves our kinds. One that can't be reached does not, where another one is known. */
async function servesPlanes({ discovery }: Connection, isAnotherKnown: boolean): Promise<boolean> {
  try {
    return await discovery.groupIsServed(KFLEX_GROUP);
  } catch (error) {
    if (!isAnotherKnown || !isKubeError(error)) throw error;
    return false;
  }
}
