import type { ApiRequest, Intercept } from '../client/api-request.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { Clock } from '../lib/clock.ts';
import type { Metrics } from './metrics.ts';

/** An interceptor for the client that measures every sending, by verb and status, and counts what was written. */
export function measureCalls(metrics: Pick<Metrics, 'called' | 'wrote'>, clock: Clock): Intercept {
  return async (request, next) => {
    const begin = clock.monotonic();
    const verb = verbOf(request);
    const done = (code: string): void => metrics.called(verb, code, (clock.monotonic() - begin) / 1000);
    try {
      const answer = await next(request);
      done(String(answer.status));
      if (WRITES.has(verb) && answer.status < 300) metrics.wrote(verb, resourceOf(request.path));
      return answer;
    } catch (error) {
      done(isKubeError(error) ? error.code : 'Unknown');
      throw error;
    }
  };
}

const WRITES = new Set(['create', 'update', 'patch', 'apply', 'delete']);

/** Answered and not kept: a token, whether somebody may do something. */
const QUESTION = /^\/apis\/auth(orization|entication)\.k8s\.io\/|\/serviceaccounts\/[^/]+\/token(\?|$)/;

/** What was asked, in the words of RBAC as far as the request tells them; `ask` for what is created only to be answered. */
function verbOf(request: ApiRequest): string {
  if (request.watch === true) return 'watch';
  if (request.method === 'POST' && QUESTION.test(request.path)) return 'ask';
  if (request.method !== 'PATCH')
    return { GET: 'get', POST: 'create', PUT: 'update', DELETE: 'delete' }[request.method];
  const type = request.headers['content-type'];
  return typeof type === 'string' && type.includes('apply') ? 'apply' : 'patch';
}

/** A resource's path: of the core group or another, in a namespace or none, its objects, one of them, a part of one. */
const RESOURCE =
  /^\/(?:api|apis\/(?<group>[^/]+))\/[^/]+(?:\/namespaces\/[^/]+(?=\/(?!finalize|status)))?\/(?<resource>[^/?]+)(?:\/[^/?]+(?<part>\/[^/?]+)?)?/;

/** What a path is about, in the form of RBAC: `pods`, `deployments.apps/status`. Pure. */
export function resourceOf(path: string): string {
  const { group, resource = '', part = '' } = RESOURCE.exec(path)?.groups ?? {};
  return `${resource}${group === undefined ? '' : `.${group}`}${part}`;
}
