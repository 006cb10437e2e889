import { join } from 'node:path';
import { LocalError } from './local-error.ts';

/** Where a cluster's files are, as the machine sees them. The whole folder goes when the cluster goes. */
export interface ClusterPaths {
  readonly home: string;
  readonly state: string;
  readonly lock: string;
  readonly etc: string;
  readonly pki: string;
  readonly log: string;
  readonly run: string;
  /** The kubeconfig for people: administrator, reached from an ordinary shell. */
  readonly kubeconfig: string;
  readonly containerdSocket: string;
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

/** The paths of the cluster `name` below `dataHome` (an absolute folder). Throws LocalError when either cannot be used. */
export function clusterPaths(dataHome: string, name: string): ClusterPaths {
  if (!NAME.test(name))
    throw new LocalError(
      `the cluster name "${name}" is not usable`,
      'Use 1 to 32 lower-case letters, digits and dashes, beginning and ending with a letter or digit.',
    );
  const clusters = join(dataHome, 'tenantry', 'clusters');
  const home = join(clusters, name);
  const paths = {
    home,
    state: join(home, 'state.json'),
    lock: join(clusters, `${name}.lock`),
    etc: join(home, 'etc'),
    pki: join(home, 'etc', 'pki'),
    log: join(home, 'log'),
    run: join(home, 'run'),
    kubeconfig: join(home, 'kubeconfig'),
    containerdSocket: join(home, 'run', 'containerd.sock'),
    dialSocket: join(home, 'run', 'dial.sock'),
    forwards: join(home, 'forwards'),
  };
  if (
    Buffer.byteLength(paths.containerdSocket) > MAX_SOCKET_PATH ||
    COVERED.some((place) => home.startsWith(place))
  )
    throw new LocalError(
      `${home} cannot hold a cluster`,
      `Set XDG_DATA_HOME to a folder with a short path that is not below ${COVERED.join(' ')}.`,
    );
  return paths;
}
