import { join } from 'node:path';
import { WrongOption } from '../lib/wrong-option.ts';
import { LocalError } from './local-error.ts';

/** Where one node's files are, as the machine sees them. */
export interface NodePaths {
  readonly home: string;
  readonly etc: string;
  readonly log: string;
  readonly run: string;
  readonly containerdSocket: string;
}

/** Where a cluster's files are: those of its first node, and in there the other nodes'. The whole folder goes when the cluster goes. */
export interface ClusterPaths extends NodePaths {
  readonly state: string;
  readonly lock: string;
  /** The kubeconfig for people: administrator, reached from an ordinary shell. */
  readonly kubeconfig: string;
  /** Connections into the node's network (see `dial.ts`). */
  readonly dialSocket: string;
  readonly forwards: string;
}

/**
 * The same folder as the node sees it: short, so that sockets stay below the kernel's 107 characters wherever the
 * user's home is, and the same on every machine.
 */
export const NODE_HOME = '/run/tenantry';

/** A cluster's name becomes part of host names, cgroups and files. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
/** `sun_path` has 108 bytes, the last one zero. */
const MAX_SOCKET_PATH = 107;
/** Places that the node covers by its own: nothing that it needs from the machine may lie there. */
const COVERED = ['/run/', '/var/run/', '/var/log/', '/sys/', '/proc/'];

/** The paths of the cluster `name` below `dataHome` (an absolute folder). Throws WrongOption, or LocalError for the folder, when either cannot be used. */
export function clusterPaths(dataHome: string, name: string): ClusterPaths {
  if (!NAME.test(name))
    throw new WrongOption(
      `--name is "${name}", which is no name of a cluster`,
      'Use 1 to 32 lower-case letters, digits and dashes, beginning and ending with a letter or digit.',
    );
  const clusters = join(dataHome, 'tenantry', 'clusters');
  const home = join(clusters, name);
  if (COVERED.some((place) => home.startsWith(place))) throw cannotHold(home);
  return {
    ...pathsBelow(home),
    state: join(home, 'state.json'),
    lock: join(clusters, `${name}.lock`),
    kubeconfig: join(home, 'kubeconfig'),
    dialSocket: join(home, 'run', 'dial.sock'),
    forwards: join(home, 'forwards'),
  };
}

/** The name of a worker: of its folder in the first node's, of its cgroups there, and of the service that runs it. */
export function workerName(number: number): string {
  return `node-${number}`;
}

/** The files of a cluster's node by its number. Throws LocalError when the folder's path is too long for a worker's sockets. */
export function nodePaths(cluster: ClusterPaths, number: number): NodePaths {
  return number === 1 ? cluster : pathsBelow(join(cluster.home, workerName(number)));
}

function pathsBelow(home: string): NodePaths {
  const run = join(home, 'run');
  const containerdSocket = join(run, 'containerd.sock');
  if (Buffer.byteLength(containerdSocket) > MAX_SOCKET_PATH) throw cannotHold(home);
  return { home, etc: join(home, 'etc'), log: join(home, 'log'), run, containerdSocket };
}

function cannotHold(home: string): LocalError {
  return new LocalError(
    `${home} cannot hold a cluster`,
    `Set XDG_DATA_HOME to a folder with a short path that is not below ${COVERED.join(' ')}.`,
  );
}
