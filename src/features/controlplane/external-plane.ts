import type { ControlPlane } from '../../api/control-plane.ts';
import { ADMIN_KUBECONFIG } from '../../api/control-plane-names.ts';
import type { ClusterAccess } from '../../client/access.ts';
import type { Client } from '../../client/client.ts';
import { dataAccess } from '../../client/data-access.ts';
import { createClient } from '../../client/http-client.ts';
import { KubeconfigError } from '../../client/kubeconfig-error.ts';
import { SECRET, type Secret } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { messageOf } from '../../lib/error-text.ts';
import { shortHash } from '../../lib/hash.ts';
import type { Read } from '../../runtime/controller.ts';
import { ADOPTED_NAMESPACE, giveBack, takeOver } from './adopted-cluster.ts';
import type { BorrowedWorld } from './borrowed-plane.ts';
import { filesOf } from './secret-files.ts';
import { survey } from './survey.ts';
import { DEFAULT_CLUSTER_ROLE, type BorrowedDeps } from './host-plane.ts';
import { ownerOfParts, renewAtMs, serversOf, tokenKubeconfigPart, tokenSeconds } from './token-kubeconfig.ts';
import { ownerOf } from './plane-namespace.ts';

/** Milliseconds between two questions to a cluster that was taken over: nobody tells us when it goes away. */
const ASK_EVERY_MS = 30_000;
/** Milliseconds that it may take to answer. */
const TIMEOUT_MS = 10_000;

/** Collects what the plan of a plane of type external depends on; takes the cluster over, renews its token and gives it back. */
export async function observeExternal(
  plane: ControlPlane,
  read: Read,
  deps: BorrowedDeps,
): Promise<BorrowedWorld> {
  const { name, uid = '' } = plane.metadata;
  const { secret: secretName } = ADMIN_KUBECONFIG;
  const wanted = { name: ownerOfParts(plane).namespace, uid, secrets: [secretName] };
  const { namespace, present, secrets } = await survey(wanted, read, deps);
  const secret = secrets.get(secretName);
  const world = {
    namespace,
    present,
    writes: [],
    kubeconfig: undefined,
    hasKubeconfig: secret !== undefined,
    bootstrap: undefined,
    problem: undefined,
    unhealthy: undefined,
    lookAgainMs: ASK_EVERY_MS,
  };
  const isOurs = namespace !== undefined && ownerOf(namespace) === uid;
  if (!isOurs || namespace.metadata.deletionTimestamp !== undefined) return world;
  const adopted: Adopted = { plane, account: accountOf(name, uid), deps, secret };
  const isGoing = plane.metadata.deletionTimestamp !== undefined;
  if (isGoing && secret === undefined) return world;
  try {
    if (isGoing) return { ...world, ...(await release(adopted)) };
    if (secret === undefined) return { ...world, ...(await begin(adopted)) };
    return { ...world, ...(await keep(adopted, await leftover(adopted))) };
  } catch (error) {
    const isTold = isKubeError(error) ? error.code !== 'Cancelled' : error instanceof KubeconfigError;
    if (!isTold) throw error;
    return { ...world, problem: messageOf(error) };
  }
}

interface Adopted {
  readonly plane: ControlPlane;
  /** Name of the account on the cluster: two hosting clusters may take one cluster over. */
  readonly account: string;
  readonly deps: BorrowedDeps;
  readonly secret: Secret | undefined;
}

const accountOf = (name: string, uid: string): string => `tenantry-${name}-${shortHash(uid)}`;

/** With the kubeconfig that somebody gave: an account of our own, whose token is all that is kept. */
async function begin(adopted: Adopted): Promise<Partial<BorrowedWorld>> {
  const { plane, account, deps } = adopted;
  const { bootstrapSecretRef: ref } = plane.spec;
  const given = ref && (await deps.client.find(SECRET, { namespace: ref.namespace, name: ref.name }));
  const text = ref && filesOf(given)[ref.inClusterKey || ADMIN_KUBECONFIG.inClusterKey];
  if (ref === undefined || given === undefined || text === undefined) {
    const where = `Secret ${ref?.namespace ?? ''}/${ref?.name ?? ''} with the kubeconfig of the cluster (key ${ref?.inClusterKey ?? ''})`;
    return { problem: `${where} is not there`, unhealthy: 'The cluster is not taken over yet' };
  }
  const { namespace, name } = ref;
  return withCluster(text, `the kubeconfig in Secret ${namespace}/${name}`, deps, async (client, access) => {
    await takeOver(client, account, plane.spec.clusterRole ?? DEFAULT_CLUSTER_ROLE);
    return {
      kubeconfig: await renewed(adopted, client, access),
      bootstrap: { ref: { namespace, name }, uid: given.metadata.uid ?? '' },
      unhealthy: 'The new account was not tried yet',
      again: true,
    };
  });
}

/** A kubeconfig that was given and is still there although it has done its work: a process died in between. */
async function leftover({ plane, deps }: Adopted): Promise<BorrowedWorld['bootstrap']> {
  const { bootstrapSecretRef: ref } = plane.spec;
  if (plane.status?.secretRef !== undefined || ref === undefined) return undefined;
  const { namespace, name } = ref;
  const given = await deps.client.find(SECRET, { namespace, name });
  return given === undefined ? undefined : { ref: { namespace, name }, uid: given.metadata.uid ?? '' };
}

/** Asks whether it answers, and has a token of twice the life that is left. */
async function keep(
  adopted: Adopted,
  bootstrap: BorrowedWorld['bootstrap'],
): Promise<Partial<BorrowedWorld>> {
  const { secret, deps } = adopted;
  try {
    return await withCluster(ownText(adopted), OWN, deps, async (client, access) => {
      const isDue = deps.clock.now() >= renewAtMs(secret);
      await client.raw({ method: 'GET', path: '/readyz' });
      return { bootstrap, ...(isDue ? { kubeconfig: await renewed(adopted, client, access) } : {}) };
    });
  } catch (error) {
    if (!isKubeError(error) || error.code === 'Cancelled') throw error;
    return { unhealthy: `The cluster does not answer as it should: ${error.message}` };
  }
}

async function release(adopted: Adopted): Promise<Partial<BorrowedWorld>> {
  const { account, deps, plane } = adopted;
  const { namespace } = ownerOfParts(plane);
  try {
    return await withCluster(ownText(adopted), OWN, deps, async (client) => {
      await giveBack(client, account);
      return {};
    });
  } catch (error) {
    if (!isKubeError(error) || error.code === 'Cancelled') throw error;
    return {
      problem: `The cluster can't be given back: ${error.message}. If it is gone for ever: kubectl delete secret ${ADMIN_KUBECONFIG.secret} -n ${namespace}`,
    };
  }
}

const OWN = 'the kubeconfig of the plane';
const ownText = ({ secret }: Adopted): string => filesOf(secret)[ADMIN_KUBECONFIG.inClusterKey] ?? '';

async function renewed(
  { plane, account, deps }: Adopted,
  client: Client,
  access: ClusterAccess,
): Promise<BorrowedWorld['kubeconfig']> {
  const ref = { namespace: ADOPTED_NAMESPACE, name: account };
  const token = await deps.newToken(client, ref, tokenSeconds(plane));
  return tokenKubeconfigPart(plane, serversOf(access), token, deps.clock.now());
}

async function withCluster<T>(
  text: string,
  what: string,
  { clock }: BorrowedDeps,
  work: (client: Client, access: ClusterAccess) => Promise<T>,
): Promise<T> {
  const access = await dataAccess(text, what, clock);
  const client = createClient(access, { clock, timeoutMs: TIMEOUT_MS, userAgent: 'tenantry-operator' });
  try {
    return await work(client, access);
  } finally {
    await client.close();
  }
}
