import type { Client } from '../../client/client.ts';
import type { KindedObject } from '../../features/instance/policies.ts';
import type { Kind } from '../../kube/kind.ts';
import { mapLimit } from '../../lib/limit.ts';

/** One thing that a person must be allowed to do. */
interface Need {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Questions at the same time; each is a few milliseconds. */
const PARALLEL = 8;

/** What whoever hands over a namespace lacks of the rights for it, as texts; empty where nothing is lacking. */
export async function lackingRights(
  client: Client,
  namespace: string,
  instances: { readonly kind: Kind; readonly namespace: string },
  objects: readonly KindedObject[],
): Promise<readonly string[]> {
  const kinds = new Map(objects.map(({ kind }) => [`${kind.plural}.${kind.group}`, kind]));
  const needs: readonly Need[] = [
    // No role of Kubernetes but cluster-admin has it: to give a namespace away is more than to administer it.
    { verb: 'adopt', group: '', resource: 'namespaces', name: namespace },
    { verb: 'patch', group: '', resource: 'namespaces', name: namespace },
    {
      verb: 'create',
      group: instances.kind.group,
      resource: instances.kind.plural,
      namespace: instances.namespace,
    },
    { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'rolebindings', namespace },
    { verb: 'patch', group: '', resource: 'secrets', namespace },
    { verb: 'patch', group: '', resource: 'pods', namespace },
    ...[...kinds.values()].map(({ group, plural }) => ({
      verb: 'patch',
      group,
      resource: plural,
      namespace,
    })),
  ];
  const answers = await mapLimit(needs, PARALLEL, async (need) =>
    (await may(client, need)) ? [] : [textOf(need)],
  );
  return [...new Set(answers.flat())];
}

async function may(client: Client, resourceAttributes: Need): Promise<boolean> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const { text } = await client.raw({ method: 'POST', path, body });
  // The answer of this API; anything else in it counts as a no.
  const { status } = JSON.parse(text) as { readonly status?: { readonly allowed?: boolean } };
  return status?.allowed === true;
}

function textOf({ verb, group, resource, namespace, name }: Need): string {
  const what = group === '' ? resource : `${resource}.${group}`;
  return `${verb} ${what}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
