import type { ControlPlane } from '../../api/control-plane.ts';
import { ADMIN_KUBECONFIG } from '../../api/control-plane-names.ts';
import {
  CLUSTER_ROLE_BINDING,
  ENDPOINT_SLICE,
  SERVICE_ACCOUNT,
  type ClusterRoleBinding,
} from '../../kube/builtin-kinds.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { partOf } from '../../planes/object-of.ts';
import { planeLabels } from '../../planes/plane-names.ts';
import type { Read } from '../../runtime/controller.ts';
import type { Write } from '../../runtime/plan.ts';
import type { BorrowedWorld } from './borrowed-plane.ts';
import { ownerOf } from './plane-namespace.ts';
import { referenceTo } from './plane-reference.ts';
import type { NewToken } from './service-token.ts';
import { planeAccount } from './settings.ts';
import { survey, type SurveyDeps } from './survey.ts';
import { ownerOfParts, renewAtMs, tokenKubeconfigPart, tokenSeconds } from './token-kubeconfig.ts';

/** What a plane may do on its cluster where nobody says: everything, as in KubeFlex. */
export const DEFAULT_CLUSTER_ROLE = 'cluster-admin';
/** URL of the hosting cluster for its own pods. */
const INSIDE = 'https://kubernetes.default.svc';
/** Longest time without a look: the binding and the Secret are not watched. */
const LOOK_AGAIN_MS = 60 * 60 * 1000;
/** The same while something is missing that the cluster's owner may do any moment. */
const WAIT_MS = 15_000;

/** What planes that are clusters already take besides. */
export interface BorrowedDeps extends SurveyDeps {
  readonly newToken: NewToken;
  /** The authority of the hosting cluster's API server, PEM. */
  readonly hostAuthority: string;
}

/** Collects what the plan of a plane of type host depends on: an account of the hosting cluster, its binding, its token. */
export async function observeHost(
  plane: ControlPlane,
  read: Read,
  deps: BorrowedDeps,
): Promise<BorrowedWorld> {
  const { name, uid = '' } = plane.metadata;
  const owner = ownerOfParts(plane);
  const { secret: secretName } = ADMIN_KUBECONFIG;
  const wanted = { name: owner.namespace, uid, secrets: [secretName] };
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
    lookAgainMs: WAIT_MS,
  };
  const isOurs = namespace !== undefined && ownerOf(namespace) === uid;
  if (!isOurs || plane.metadata.deletionTimestamp !== undefined) return world;
  const account = { namespace: owner.namespace, name };
  const { signal } = read;
  const [accountThere, binding] = await Promise.all([
    deps.client.find(SERVICE_ACCOUNT, account, { signal }),
    deps.client.find(CLUSTER_ROLE_BINDING, { name: bindingName(plane) }, { signal }),
  ]);
  const writes: Write[] = [];
  if (accountThere === undefined)
    writes.push({ verb: 'own', owner: uid, ...partOf(owner, SERVICE_ACCOUNT, name, {}) });
  if (!grants(binding, plane)) writes.push(bindingWrite(plane));
  const isDue = accountThere !== undefined && deps.clock.now() >= renewAtMs(secret);
  if (!isDue)
    return {
      ...world,
      writes,
      again: accountThere === undefined,
      lookAgainMs:
        accountThere === undefined
          ? WAIT_MS
          : Math.min(LOOK_AGAIN_MS, Math.max(0, renewAtMs(secret) - deps.clock.now())),
    };
  const token = await deps.newToken(
    deps.client.as(planeAccount(deps.settings)),
    account,
    tokenSeconds(plane),
  );
  const servers = { outside: await outsideServer(read), inside: INSIDE, ca: deps.hostAuthority };
  return { ...world, writes, kubeconfig: tokenKubeconfigPart(plane, servers, token, deps.clock.now()) };
}

const bindingName = ({ metadata }: ControlPlane): string => `${metadata.name}-binding`;

/** Whether somebody bound the account to the role: we, or the cluster's owner where we may not. */
function grants(binding: ClusterRoleBinding | undefined, plane: ControlPlane): boolean {
  const { name } = plane.metadata;
  const { namespace } = ownerOfParts(plane);
  return (
    binding?.roleRef.name === roleOf(plane) &&
    (binding.subjects ?? []).some(
      (one) => one.kind === 'ServiceAccount' && one.name === name && one.namespace === namespace,
    )
  );
}

const roleOf = ({ spec }: ControlPlane): string => spec.clusterRole ?? DEFAULT_CLUSTER_ROLE;

function bindingWrite(plane: ControlPlane): Write {
  const { name, uid = '' } = plane.metadata;
  const owner = ownerOfParts(plane);
  const object = {
    apiVersion: apiVersionOf(CLUSTER_ROLE_BINDING),
    kind: CLUSTER_ROLE_BINDING.kind,
    metadata: { name: bindingName(plane), labels: planeLabels(owner), ownerReferences: [referenceTo(plane)] },
    roleRef: { apiGroup: CLUSTER_ROLE_BINDING.group, kind: 'ClusterRole', name: roleOf(plane) },
    subjects: [{ kind: 'ServiceAccount', name, namespace: owner.namespace }],
  };
  return { verb: 'own', kind: CLUSTER_ROLE_BINDING, object, owner: uid };
}

/** Where people reach the hosting cluster: the first address behind its own Service. */
async function outsideServer({ live, signal }: Read): Promise<string | undefined> {
  const slice = await live.find(ENDPOINT_SLICE, { namespace: 'default', name: 'kubernetes' }, { signal });
  const address = slice?.endpoints?.[0]?.addresses[0];
  const port = slice?.ports?.[0]?.port;
  if (address === undefined || port === undefined) return undefined;
  return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** What to do where the operator may not bind the role: only the cluster's owner can say that it may. Undefined for other errors. */
export function bindingRefused(plane: ControlPlane, error: unknown): string | undefined {
  if (plane.spec.type !== 'host' || !isKubeError(error, 'Forbidden')) return undefined;
  if (!/clusterrolebindings/.test(error.message)) return undefined;
  const { name } = plane.metadata;
  const { namespace } = ownerOfParts(plane);
  const role = roleOf(plane);
  return `The operator may not bind ClusterRole ${role}. The cluster's owner does it: kubectl create clusterrolebinding ${bindingName(plane)} --clusterrole=${role} --serviceaccount=${namespace}:${name} (or lists ${role} in the value planes.hostClusterRoles of the operator's chart)`;
}
