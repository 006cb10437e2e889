import type { Instance } from '../api/instance.ts';
import type { Client } from '../client/client.ts';
import { readUsage } from '../features/application/read-usage.ts';
import { ApplicationError } from '../features/application/application-error.ts';
import { collectUsage } from '../features/usage/collect-usage.ts';
import type { Kind } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { mapLimit } from '../lib/limit.ts';
import { ConsoleError, ok, type Answer } from './answer.ts';
import { changeInstance, createInstance, rowOf, viewOf } from './instances.ts';
import { valuesSchemaOf } from './kind-schema.ts';
import type { KindBook } from './kinds.ts';
import { logOf } from './log-of.ts';
import { mayUse, rightsOn } from './may-use.ts';
import { readParts } from './parts.ts';
import type { InstanceRef, Route } from './route.ts';

/** Kinds asked about at the same time; each is five small questions. */
const PARALLEL = 4;

/** What answering takes. The client is that of whoever asks: nothing here has another one. */
export interface Asked {
  readonly client: Client;
  readonly kinds: KindBook;
  /** What was sent along, parsed. */
  readonly body: unknown;
}

/** Answers one question with the rights of whoever asks. Throws KubeError and ConsoleError. */
export async function answerRoute(route: Route, asked: Asked): Promise<Answer> {
  const { client, kinds, body } = asked;
  switch (route.name) {
    case 'session':
      return ok(await whoAsks(client));
    case 'services':
      return ok(await usableServices(asked, route.namespace));
    case 'service':
      return ok(await describeService(client, await kinds.kindOf(client, route.service), route.namespace));
    case 'list': {
      const { items } = await client.list(await kinds.kindOf(client, route.service), {
        namespace: route.namespace,
      });
      return ok(items.map(rowOf));
    }
    case 'create':
      return ok(await createInstance(client, await kinds.kindOf(client, route.service), { ...route, body }));
    case 'change':
      return ok(await changeInstance(client, await kinds.kindOf(client, route.service), { ...route, body }));
    default:
      return answerOfOne(route, asked, await kinds.kindOf(client, route.service));
  }
}

type OfOne = Extract<Route, { readonly name: 'read' | 'remove' | 'parts' | 'usage' | 'log' }>;

/** What is about one instance begins with reading it: who may not read it is told nothing of what it is made of. */
async function answerOfOne(route: OfOne, { client, kinds }: Asked, kind: Kind<Instance>): Promise<Answer> {
  const instance = await client.get(kind, route.ref);
  switch (route.name) {
    case 'read':
      return ok(viewOf(instance));
    case 'remove': {
      const { uid } = instance.metadata;
      await client.delete(kind, route.ref, uid === undefined ? {} : { uid });
      return ok({});
    }
    case 'parts':
      return ok(await readParts(client, await kinds.resources(client), { kind, instance }));
    case 'usage':
      return ok(await collectUsage(client, placeOf(instance, route.ref)));
    case 'log':
      return ok(await logOf(client, { ...route, namespace: placeOf(instance, route.ref) }));
  }
}

/** The namespace that the instance says to run in: no other one's logs are asked for through it. */
function placeOf({ status }: Instance, { name }: InstanceRef): string {
  const place = status?.namespace;
  if (place === undefined) throw new ConsoleError(404, 'NotFound', `${name} does not run yet.`);
  return place;
}

async function whoAsks(
  client: Client,
): Promise<{ readonly user: string; readonly namespace: string | undefined }> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const { text } = await client.raw({ method: 'POST', path, body });
  const { status } = JSON.parse(text) as { status?: { userInfo?: { username?: string } } }; // true of every such review
  const user = status?.userInfo?.username ?? '';
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user) ?? [];
  return { user, namespace };
}

async function usableServices({ client, kinds }: Asked, namespace: string): Promise<readonly object[]> {
  const services = await kinds.services(client);
  const found = await mapLimit(services, PARALLEL, async ({ group, version, kind, plural, namespaced }) => {
    const may = await rightsOn(client, { group, version, kind, plural, namespaced }, namespace);
    return { group, version, kind, plural, may };
  });
  return found.filter(({ may }) => mayUse(may));
}

/** What `kubectl explain` and `kubectl man` tell: the schema of the values, and the sample where one may read it. */
async function describeService(client: Client, kind: Kind<Instance>, namespace: string): Promise<object> {
  const [schema, may, sample] = await Promise.all([
    valuesSchemaOf(client, kind),
    rightsOn(client, kind, namespace),
    sampleOf(client, kind, namespace),
  ]);
  const { group, version, plural } = kind;
  return { group, version, kind: kind.kind, plural, may, schema: schema ?? {}, sample };
}

async function sampleOf(
  client: Client,
  kind: Kind<Instance>,
  namespace: string,
): Promise<string | undefined> {
  try {
    return await readUsage(client, kind, [namespace]);
  } catch (error) {
    if (error instanceof ApplicationError || isKubeError(error, 'Forbidden', 'NotFound')) return undefined;
    throw error;
  }
}
