import type { JsonObject } from '../../api/json-schema.ts';
import type { Json } from '../../kube/object.ts';
import { KubeconfigError } from '../../client/kubeconfig-error.ts';
import {
  changeContext,
  changeGlobal,
  contextData,
  globalData,
  HOSTING_CONTEXT,
  IS_HOSTING,
  PLANE_NAME,
} from './extension.ts';
import {
  currentContext,
  entryNames,
  findEntry,
  putEntry,
  removeEntry,
  useContext,
  type KubeFiles,
  type KubePart,
} from './kube-files.ts';

/** How KubeFlex calls what leads to a control plane. */
export function namesOf(plane: string): { readonly cluster: string; readonly user: string } {
  return { cluster: `${plane}-cluster`, user: `${plane}-admin` };
}

/** The context of the hosting cluster, if it is known and still there. */
export function hostingContext(files: KubeFiles): string | undefined {
  const contexts = entryNames(files, 'contexts');
  const said = globalData(files)?.[HOSTING_CONTEXT];
  if (said !== undefined && contexts.includes(said)) return said;
  const marked = contexts.filter((name) => contextData(files, name)?.[IS_HOSTING] === 'true');
  return marked.length === 1 ? marked[0] : undefined;
}

/** With a context as the hosting cluster's, and no other. Throws KubeconfigError where there is none of that name. */
export function setHosting(files: KubeFiles, context: string, now: number): KubeFiles {
  mustExist(files, context);
  const marked = entryNames(files, 'contexts').filter((name) => contextData(files, name)?.[IS_HOSTING]);
  const unmarked = marked.reduce(
    (all, name) => (name === context ? all : changeContext(all, name, { [IS_HOSTING]: undefined }, now)),
    files,
  );
  const global = changeGlobal(unmarked, { [HOSTING_CONTEXT]: context }, now);
  return changeContext(global, context, { [IS_HOSTING]: 'true' }, now);
}

/** The contexts that lead to a control plane, under whatever name. KubeFlex's `ctx` left some without a mark. */
export function contextsOfPlane(files: KubeFiles, plane: string): readonly string[] {
  return entryNames(files, 'contexts').filter((name) => {
    const said = contextData(files, name)?.[PLANE_NAME];
    if (said !== undefined) return said === plane;
    const entry = findEntry(files, 'contexts', name);
    const { cluster, user } = namesOf(plane);
    return name === plane && entry?.['cluster'] === cluster && entry['user'] === user;
  });
}

/**
 * With the way to a control plane: context, cluster and user by KubeFlex's names, and the context marked. `source` is the kubeconfig that
 * the plane's Secret holds. Throws KubeconfigError where somebody else's context has the name, or the source has no context.
 */
export function addPlane(files: KubeFiles, plane: string, source: JsonObject, now: number): KubeFiles {
  refuseForeign(files, plane);
  const one: KubeFiles = [{ path: '', exists: true, content: source }];
  const [first = ''] = entryNames(one, 'contexts');
  const context = findEntry(one, 'contexts', currentContext(one) || first);
  const clusterEntry = findEntry(one, 'clusters', textOf(context?.['cluster']));
  const userEntry = findEntry(one, 'users', textOf(context?.['user']));
  if (context === undefined || clusterEntry === undefined || userEntry === undefined)
    throw new KubeconfigError(
      `the kubeconfig of control plane ${plane} has no context with a cluster and a user`,
      `Look at the Secret in namespace ${plane}-system, and at \`kubectl describe controlplane ${plane}\`.`,
    );
  const { cluster, user } = namesOf(plane);
  const withCluster = putEntry(files, 'clusters', cluster, clusterEntry);
  const withUser = putEntry(withCluster, 'users', user, userEntry);
  const { extensions, ...before } = findEntry(files, 'contexts', plane) ?? {};
  const entry = { ...before, ...context, cluster, user, ...(extensions === undefined ? {} : { extensions }) };
  const withContext = putEntry(withUser, 'contexts', plane, entry);
  return changeContext(withContext, plane, { [PLANE_NAME]: plane }, now);
}

/** Throws KubeconfigError where a context has the plane's name and leads elsewhere: it would be lost. */
export function refuseForeign(files: KubeFiles, plane: string): void {
  if (findEntry(files, 'contexts', plane) === undefined) return;
  if (contextsOfPlane(files, plane).includes(plane)) return;
  throw new KubeconfigError(
    `the kubeconfig has a context "${plane}" that does not lead to the control plane ${plane}`,
    `Rename it with \`kubectl config rename-context\`, or give it up with \`kflex ctx ${plane} --overwrite-existing-context\`.`,
  );
}

/**
 * With a context under another name; what points to it follows. Its cluster and user are renamed where they have KubeFlex's names and
 * nobody else uses them, else stay as they are. Throws KubeconfigError.
 */
export function renameContext(files: KubeFiles, from: string, to: string, now: number): KubeFiles {
  const entry = mustExist(files, from);
  if (from === to) return files;
  if (findEntry(files, 'contexts', to) !== undefined)
    throw new KubeconfigError(`the kubeconfig has a context "${to}" already`, 'Choose another name.');
  const [old, fresh] = [namesOf(from), namesOf(to)];
  const moved = moveOwn(files, 'clusters', { from: old.cluster, to: fresh.cluster, context: from });
  const cluster = moved.name ?? entry['cluster'];
  const movedUser = moveOwn(moved.files, 'users', { from: old.user, to: fresh.user, context: from });
  const user = movedUser.name ?? entry['user'];
  const refs = { ...(cluster === undefined ? {} : { cluster }), ...(user === undefined ? {} : { user }) };
  const put = putEntry(movedUser.files, 'contexts', to, { ...entry, ...refs });
  const removed = removeEntry(put, 'contexts', from);
  const isCurrent = currentContext(files) === from;
  const used = isCurrent ? useContext(removed, to) : removed;
  const isHosting = globalData(files)?.[HOSTING_CONTEXT] === from;
  return isHosting ? changeGlobal(used, { [HOSTING_CONTEXT]: to }, now) : used;
}

/** Without a context, and without its cluster and user where nobody else uses them. Throws KubeconfigError. */
export function deleteContext(files: KubeFiles, context: string, now: number): KubeFiles {
  const entry = mustExist(files, context);
  const removed = removeEntry(files, 'contexts', context);
  const withoutCluster = removeUnused(removed, 'clusters', textOf(entry['cluster']));
  const withoutUser = removeUnused(withoutCluster, 'users', textOf(entry['user']));
  const wasHosting = globalData(files)?.[HOSTING_CONTEXT] === context;
  const known = wasHosting ? changeGlobal(withoutUser, { [HOSTING_CONTEXT]: undefined }, now) : withoutUser;
  return currentContext(files) === context ? useContext(known, hostingContext(known) ?? '') : known;
}

/** The context's entry. Throws KubeconfigError that names those there are. */
export function mustExist(files: KubeFiles, context: string): JsonObject {
  const entry = findEntry(files, 'contexts', context);
  if (entry !== undefined) return entry;
  const names = entryNames(files, 'contexts').join(', ');
  throw new KubeconfigError(
    `the kubeconfig has no context "${context}"`,
    names === '' ? 'It has none at all.' : `Use one of those it has: ${names}.`,
  );
}

/** Renames an entry that is the context's alone; the new name, or undefined where it stays. */
function moveOwn(
  files: KubeFiles,
  part: 'clusters' | 'users',
  { from, to, context }: { readonly from: string; readonly to: string; readonly context: string },
): { readonly files: KubeFiles; readonly name: string | undefined } {
  const entry = findEntry(files, part, from);
  const users = usersOf(files, part, from);
  const isOwn = users.length === 1 && users[0] === context;
  if (entry === undefined || !isOwn || findEntry(files, part, to) !== undefined)
    return { files, name: undefined };
  return { files: removeEntry(putEntry(files, part, to, entry), part, from), name: to };
}

function removeUnused(files: KubeFiles, part: 'clusters' | 'users', name: string): KubeFiles {
  return name === '' || usersOf(files, part, name).length > 0 ? files : removeEntry(files, part, name);
}

/** The contexts that name a cluster or a user. */
function usersOf(files: KubeFiles, part: Exclude<KubePart, 'contexts'>, name: string): readonly string[] {
  const field = part === 'clusters' ? 'cluster' : 'user';
  return entryNames(files, 'contexts').filter(
    (context) => findEntry(files, 'contexts', context)?.[field] === name,
  );
}

/** A text of a kubeconfig; empty for anything else. */
export const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
