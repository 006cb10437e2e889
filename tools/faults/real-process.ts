import type { ClusterAccess } from '../../src/client/access.ts';
import type { ApiAnswer, ApiRequest } from '../../src/client/api-request.ts';
import { clientOver } from '../../src/client/http-client.ts';
import { createTransport, type Transport } from '../../src/client/transport.ts';
import type { Engine } from '../../src/helm/rendering.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/runtime/log.ts';
import { createManager } from '../../src/runtime/manager.ts';
import { Interceptor, type FaultScript } from '../../test/faults/interceptor.ts';
import { wireServices } from '../../test/faults/wire-services.ts';
import { NS } from '../bench/bench-cluster.ts';

const HTTP_CREATED = 201;
/** Lines of a log that are shown. */
const SHOWN = 20;
/** Namespace of the services' accounts, as the operator's chart makes it. */
export const ACCOUNTS = `${NS}-services`;

/** How often each object was made, by path and name; asked-about rights and events are no objects. */
export class Made {
  readonly #times = new Map<string, number>();

  see({ method, path }: ApiRequest, { status, text }: ApiAnswer): void {
    if (method !== 'POST' || status !== HTTP_CREATED || /\/events|accessreviews/.test(path)) return;
    // True: what was created is answered.
    const { metadata } = JSON.parse(text) as { readonly metadata?: { readonly name?: string } };
    const key = `${path.split('?')[0]}/${metadata?.name ?? ''}`;
    this.#times.set(key, (this.#times.get(key) ?? 0) + 1);
  }

  /** What was made more often than in another life. */
  beyond(calm: Made): string[] {
    return [...this.#times]
      .filter(([key, times]) => times > (calm.#times.get(key) ?? 0))
      .map(
        ([key, times]) => `${key} was made ${times} times, ${calm.#times.get(key) ?? 0} without the fault`,
      );
  }
}

/** A process of the operator in this one, with faults between it and a real API server. */
export interface RealProcess {
  readonly interceptor: Interceptor;
  /** The last lines of its log. */
  said(): string;
  end(): Promise<void>;
}

interface ProcessParts {
  readonly access: ClusterAccess;
  readonly engine: Engine;
  readonly made: Made;
  readonly script: FaultScript;
}

export function startProcess({ access, engine, made, script }: ProcessParts): RealProcess {
  const transport = createTransport(access, { userAgent: 'tenantry-faults' });
  const interceptor = new Interceptor(systemClock, script);
  interceptor.arm();
  const client = clientOver(interceptor.over(seen(transport, made)), { clock: systemClock });
  const said: string[] = [];
  const manager = createManager({
    client,
    clock: systemClock,
    log: createLog({ level: 'info', clock: systemClock, write: (line) => said.push(line) }),
    identity: 'faults',
    namespace: NS,
  });
  const settings = { operatorNamespace: NS, accountsNamespace: ACCOUNTS };
  wireServices(manager, { engine, clock: systemClock, settings });
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  running.catch(() => undefined);
  return {
    interceptor,
    said: () => said.slice(-SHOWN).join(''),
    end: async () => {
      interceptor.kill();
      stop.abort();
      await running.catch(() => undefined);
      await transport.close();
    },
  };
}

/** The transport, with everything that the server carried out noted, whatever becomes of the answer. */
function seen(inner: Transport, made: Made): Transport {
  return {
    send: async (request, as, options) => {
      const answer = await inner.send(request, as, options);
      made.see(request, answer);
      return answer;
    },
    open: (request, as, options) => inner.open(request, as, options),
    credentialRefused: () => inner.credentialRefused(),
    close: () => inner.close(),
  };
}
