import type { ApiRequest, Intercept } from '../client/api-request.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { Clock } from '../lib/clock.ts';
import type { Metrics } from './metrics.ts';

/** An interceptor for the client that measures every sending, by verb and status. */
export function measureCalls(metrics: Pick<Metrics, 'called'>, clock: Clock): Intercept {
  return async (request, next) => {
    const begin = clock.monotonic();
    const done = (code: string): void =>
      metrics.called(verbOf(request), code, (clock.monotonic() - begin) / 1000);
    try {
      const answer = await next(request);
      done(String(answer.status));
      return answer;
    } catch (error) {
      done(isKubeError(error) ? error.code : 'Unknown');
      throw error;
    }
  };
}

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
