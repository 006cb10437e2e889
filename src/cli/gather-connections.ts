import type { Instance } from '../api/instance.ts';
import type { Reader } from '../client/client.ts';
import type { ServedResource } from '../client/discovery-documents.ts';
import { findKinds } from '../client/find-kinds.ts';
import { listNamespace } from '../client/list-namespace.ts';
import { unlessForbidden } from '../client/unless-forbidden.ts';
import { findApplication, releaseOf, serviceKinds } from '../features/application/find-application.ts';
import { kindRules, type KindRule } from '../features/connections/kind-rules.ts';
import { keyOf } from '../features/connections/relation.ts';
import { CRD, NAMESPACE, PV } from '../kube/builtin-kinds.ts';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, KubeObject } from '../kube/object.ts';
import { mapLimit } from '../lib/limit.ts';
import { UserError } from './cli-io.ts';

/** What the graph is made of. */
export interface Gathered {
  readonly start: AnyObject;
  readonly objects: readonly AnyObject[];
  readonly rules: readonly KindRule[];
  /** Kinds that the user may not list. */
  readonly hidden: readonly string[];
}

/** The object to start from, as typed. */
export interface StartQuestion {
  readonly kind: string;
  readonly name: string;
  /** Where it was given. */
  readonly namespace: string | undefined;
  /** Namespace of the kubeconfig's context: what is no instance is looked for there alone. */
  readonly contextNamespace: string;
}

/** Requests at the same time. */
const PARALLEL = 16;

/**
 * Reads what surrounds an object: of an instance the namespace that holds it, of everything else its own. Lists of whole namespaces, some
 * sixty requests at once, take less time than following names one after another. Throws UserError for what is not there.
 */
export async function gatherConnections(
  reader: Reader,
  resources: readonly ServedResource[],
  question: StartQuestion,
): Promise<Gathered> {
  const { kind, object } = await findStart(reader, resources, question);
  const isInstance = serviceKinds([...resources]).some(
    (one) => one.group === kind.group && one.kind === kind.kind,
  );
  const place = isInstance
    ? // True: the kind is a service's.
      releaseOf(object as Instance)?.namespace
    : object.metadata.namespace;
  const definition = isCustom(kind.group) ? [definitionName(kind)] : [];
  // All at once: each answer is waited for once.
  const [{ objects, hidden }, namespaces, own] = await Promise.all([
    place === undefined ? NOTHING : listNamespace(reader, resources, place),
    isInstance && place !== undefined ? unlessHidden(reader.find(NAMESPACE, { name: place })) : [],
    rulesOf(reader, definition),
  ]);
  const [volumes, others] = await Promise.all([
    volumesOf(reader, objects),
    rulesOf(
      reader,
      customKinds(resources, objects).filter((name) => !definition.includes(name)),
    ),
  ]);
  // True: they came from the server, with whatever fields they have.
  const all = [
    object,
    ...(namespaces as readonly KubeObject[] as readonly AnyObject[]),
    ...volumes,
    ...objects,
  ];
  const byKey = new Map(all.map((one) => [keyOf(one), one]));
  return {
    start: byKey.get(keyOf(object)) ?? object,
    objects: [...byKey.values()],
    rules: [...own, ...others],
    hidden,
  };
}

const NOTHING = { objects: [], hidden: [] };

interface Start {
  readonly kind: Pick<ServedResource, 'group' | 'kind' | 'plural'>;
  readonly object: AnyObject;
}

async function findStart(
  reader: Reader,
  resources: readonly ServedResource[],
  question: StartQuestion,
): Promise<Start> {
  const { kind: word, name, contextNamespace } = question;
  const kinds = findKinds(resources, word).filter(({ verbs }) => verbs.includes('get'));
  if (kinds.length === 0)
    throw new UserError(
      `Unknown Kind ${word}.`,
      'kubectl api-resources lists the kinds that this cluster serves.',
    );
  // Instances are found wherever they are, as by the other plug-ins.
  const services = serviceKinds(resources);
  if (kinds.every((kind) => services.includes(kind))) {
    const { kind, instance } = await findApplication(reader, resources, question);
    return { kind, object: instance as KubeObject as AnyObject }; // true: it came from the server, with whatever fields it has
  }
  const namespace = question.namespace ?? contextNamespace;
  for (const kind of kinds) {
    const { group, version, plural, namespaced } = kind;
    const asked: Kind<AnyObject> = { group, version, kind: kind.kind, plural, namespaced };
    const object = await reader.find(asked, namespaced ? { namespace, name } : { name });
    if (object !== undefined) return { kind, object };
  }
  const where = kinds[0]?.namespaced === true ? ` in namespace ${namespace}` : '';
  throw new UserError(
    `${word} ${name} not found${where}.`,
    'Usage: kubectl connections <Kind> <Instance> <Namespace>; the namespace is that of the object itself.',
  );
}

/** Volumes belong to no namespace; those of the claims are read one by one. */
async function volumesOf(reader: Reader, objects: readonly AnyObject[]): Promise<readonly AnyObject[]> {
  const names = objects.flatMap(({ kind, ['spec']: spec }) => {
    // A claim's spec as the server has it.
    const { volumeName } = (spec ?? {}) as { readonly volumeName?: string };
    return kind === 'PersistentVolumeClaim' && volumeName !== undefined ? [volumeName] : [];
  });
  const found = await mapLimit(names, PARALLEL, (name) => unlessHidden(reader.find(PV, { name })));
  return found.flat() as readonly unknown[] as readonly AnyObject[]; // true: objects with fields
}

/** What definitions say of relations. */
async function rulesOf(reader: Reader, names: readonly string[]): Promise<readonly KindRule[]> {
  const found = await mapLimit(names, PARALLEL, (name) => unlessHidden(reader.find(CRD, { name })));
  return (found.flat() as readonly unknown[] as readonly AnyObject[]).flatMap(kindRules); // true: objects with fields
}

/** Names of the definitions of custom kinds among the objects. */
function customKinds(resources: readonly ServedResource[], objects: readonly AnyObject[]): readonly string[] {
  const present = new Set(objects.map(({ apiVersion, kind }) => `${apiVersion.split('/')[0]} ${kind}`));
  const custom = resources.filter(({ group, kind }) => isCustom(group) && present.has(`${group} ${kind}`));
  return [...new Set(custom.map(definitionName))];
}

const definitionName = ({ group, plural }: Pick<ServedResource, 'group' | 'plural'>): string =>
  `${plural}.${group}`;

/** Kubernetes' own groups have no period or end like this. */
const isCustom = (group: string): boolean => group.includes('.') && !group.endsWith('.k8s.io');

async function unlessHidden<T>(answer: Promise<T | undefined>): Promise<readonly T[]> {
  const found = await unlessForbidden(answer);
  return found === undefined ? [] : [found];
}
