import type { Client } from '../client/client.ts';
import type { Kind } from '../kube/kind.ts';

/** What somebody may do with the instances of a kind, in one namespace; `everywhere`: list those of all namespaces. */
export interface Rights {
  readonly list: boolean;
  readonly create: boolean;
  readonly change: boolean;
  readonly remove: boolean;
  readonly everywhere: boolean;
}

const PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** Asks the API server, which decides; the page only leaves out what would be refused. */
export async function rightsOn(client: Pick<Client, 'raw'>, kind: Kind, namespace: string): Promise<Rights> {
  const may = async (verb: string, where: string): Promise<boolean> => {
    const resourceAttributes = { group: kind.group, resource: kind.plural, verb, namespace: where };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes },
    };
    const { text } = await client.raw({ method: 'POST', path: PATH, body });
    const { status } = JSON.parse(text) as { status?: { allowed?: boolean } }; // true of every access review
    return status?.allowed === true;
  };
  const [list, create, change, remove, everywhere] = await Promise.all([
    may('list', namespace),
    may('create', namespace),
    may('patch', namespace),
    may('delete', namespace),
    may('list', ''),
  ]);
  return { list, create, change, remove, everywhere };
}

/** Whether there is anything to do with the kind at all. */
export const mayUse = (rights: Rights): boolean => rights.list || rights.create || rights.everywhere;
