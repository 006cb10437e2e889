import type { Instance } from '../../api/instance.ts';
import { CATEGORY, DEFAULT_SERVICE_GROUP, TENANTRY_GROUP, WORKFLOWS_GROUP } from '../../api/names.ts';
import type { Reader } from '../../client/client.ts';
import type { ServedResource } from '../../client/discovery-documents.ts';
import { findKinds } from '../../client/find-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { ApplicationError } from './application-error.ts';

/** An instance that was asked for, and where it runs. */
export interface Application {
  readonly kind: Kind<Instance>;
  readonly instance: Instance;
  /** Namespace and Helm release; undefined as long as nothing was installed. */
  readonly release: Release | undefined;
}

export interface Release {
  readonly namespace: string;
  readonly name: string;
}

/** Which application is meant. */
export interface ApplicationQuestion {
  /** As typed: kind, plural or short name. */
  readonly kind: string;
  readonly name: string;
  /** Namespace of the instance, where it was given. */
  readonly namespace: string | undefined;
  /** Namespace of the kubeconfig's context: preferred where several namespaces have one of the name. */
  readonly contextNamespace: string;
}

/** Kinds of services, told by discovery, which everybody may read. */
export function serviceKinds(resources: readonly ServedResource[]): readonly ServedResource[] {
  return resources.filter(
    ({ group, categories, namespaced, verbs }) =>
      namespaced &&
      verbs.includes('get') &&
      group !== WORKFLOWS_GROUP &&
      group !== TENANTRY_GROUP &&
      (group === DEFAULT_SERVICE_GROUP || categories.includes(CATEGORY)),
  );
}

/** The kinds of services that a word may mean; several where providers in groups of their own offer the same. Throws ApplicationError. */
export function serviceKindsCalled(
  resources: readonly ServedResource[],
  word: string,
): readonly Kind<Instance>[] {
  const services = serviceKinds(resources);
  const found = findKinds(services, word);
  if (found.length > 0) return found;
  const names = [...new Set(services.map(({ kind }) => kind))].sort();
  const remedy =
    names.length === 0
      ? 'No service is registered in this cluster: create a ResourceComposition.'
      : `Services here: ${names.join(', ')}.`;
  throw new ApplicationError(`Unknown Kind ${word} in the ${DEFAULT_SERVICE_GROUP} api group.`, remedy);
}

/** Finds an instance wherever the user may look. Throws ApplicationError if there is none, or several. */
export async function findApplication(
  reader: Reader,
  resources: readonly ServedResource[],
  question: ApplicationQuestion,
): Promise<Application> {
  const kinds = serviceKindsCalled(resources, question.kind);
  const found = (await Promise.all(kinds.map((kind) => instancesCalled(reader, kind, question)))).flat();
  const near = found.filter(({ instance }) => instance.metadata.namespace === question.contextNamespace);
  const [first, ...others] = near.length > 0 ? near : found;
  if (first === undefined) {
    const where = question.namespace === undefined ? '' : ` in namespace ${question.namespace}`;
    const kind = kinds[0];
    throw new ApplicationError(
      `${question.kind} ${question.name} not found${where}.`,
      `\`kubectl get ${kind?.plural} -A\` lists those that there are.`,
    );
  }
  if (others.length > 0) {
    const places = [first, ...others].map(
      ({ kind, instance }) => `${instance.metadata.namespace} (${kind.group})`,
    );
    throw new ApplicationError(
      `there are several ${question.kind} ${question.name}: in ${places.join(', ')}`,
      'Say which one: -n <namespace>, and <plural>.<group> for the kind.',
    );
  }
  return { ...first, release: releaseOf(first.instance) };
}

type Found = Pick<Application, 'kind' | 'instance'>;

async function instancesCalled(
  reader: Reader,
  kind: Kind<Instance>,
  { name, namespace, contextNamespace }: ApplicationQuestion,
): Promise<readonly Found[]> {
  const inOne = async (one: string): Promise<readonly Found[]> => {
    const instance = await reader.find(kind, { namespace: one, name });
    return instance === undefined ? [] : [{ kind, instance }];
  };
  if (namespace !== undefined) return inOne(namespace);
  try {
    const { items } = await reader.list(kind, { fieldSelector: `metadata.name=${name}` });
    return items.map((instance) => ({ kind, instance }));
  } catch (error) {
    // Who may not look everywhere works in his own namespace.
    if (!isKubeError(error, 'Forbidden')) throw error;
    return inOne(contextNamespace);
  }
}

/** Namespace and release out of `status.helmrelease`: its first line. What follows are notes or an error, with colons of their own. */
export function releaseOf({ status }: Pick<Instance, 'status'>): Release | undefined {
  const [line = ''] = (status?.helmrelease ?? '').split('\n');
  const colon = line.indexOf(':');
  return colon <= 0 ? undefined : { namespace: line.slice(0, colon), name: line.slice(colon + 1).trim() };
}

/** Where an application runs. Throws ApplicationError with KubePlus's words where it never got so far. */
export function releaseOrThrow({ instance, release }: Application): Release {
  if (release !== undefined) return release;
  const { name, namespace } = instance.metadata;
  throw new ApplicationError(
    'Application not deployed properly',
    `\`kubectl describe ${instance.kind.toLowerCase()} ${name} -n ${namespace}\` says why.`,
  );
}
