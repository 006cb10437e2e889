import type { ApiAnswer, ApiRequest } from '../../src/client/api-request.ts';
import type { OpenStream, SendOptions, Transport } from '../../src/client/transport.ts';
import { toKubeError } from '../../src/client/transport.ts';
import type { Impersonation } from '../../src/client/access.ts';
import { KubeError } from '../../src/kube/kube-error.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { isWriteFault, type CallFault } from './call-faults.ts';
import { faultyEvents, type EventFault, type WatchedEvent } from './event-faults.ts';
import { broken } from './memory-transport.ts';

/** One request on its way to the server. */
export interface Call {
  /** Counts from 1 since the interceptor was armed; 0 before. */
  readonly n: number;
  readonly what: string;
  readonly path: string;
  /** The impersonated user; undefined for the process itself. */
  readonly as: string | undefined;
  /** Changes something. Events count as no writes: they are told once and never waited for. */
  readonly isWrite: boolean;
}

/** Decides what goes wrong; asked once for every call and every event of a watch. */
export interface FaultScript {
  readonly call?: (call: Call) => CallFault | undefined;
  readonly event?: (event: WatchedEvent) => EventFault | undefined;
}

/** A write that the network kept: it reaches the server when it is delivered, whatever its sender thinks of it. */
export interface HeldWrite {
  readonly call: Call;
  /** Once; at KEPT_MS it is delivered by itself. */
  deliver(): Promise<void>;
}

/** Milliseconds after which a server is done with a write, one way or the other (`requestTimeoutUpperBound` of its handlers). */
const KEPT_MS = 34_000;

/** Milliseconds that the network keeps a call on its way with the fault `slow`. */
const SLOW_MS = 5_000;
/** Seconds of Retry-After with the fault `too-many`. */
const RETRY_AFTER = 2;

/**
 * Stands between one process and the API server, below everything that the product does about failures: sees every
 * sending (repetitions count anew), impersonated ones too, and every event of every watch; numbers them, and has go
 * wrong what the script says. A killed process gets nothing out and nothing in any more.
 */
export class Interceptor {
  readonly calls: Call[] = [];
  readonly events: WatchedEvent[] = [];
  readonly held: HeldWrite[] = [];
  /** Faults that happened, in words. */
  readonly happened: string[] = [];
  readonly #clock: Clock;
  readonly #script: FaultScript;
  #armed = false;
  #dead = false;

  constructor(clock: Clock, script: FaultScript = {}) {
    this.#clock = clock;
    this.#script = script;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** From now on calls and events are numbered and the script is asked. */
  arm(): void {
    this.#armed = true;
  }

  kill(): void {
    this.#dead = true;
  }

  /** The transport with everything that goes wrong on it. */
  over(inner: Transport): Transport {
    return {
      send: (request, as, options) => this.#send(inner, request, as, options),
      open: (request, as, options) => this.#open(inner, request, as, options),
      credentialRefused: () => inner.credentialRefused(),
      close: () => inner.close(),
    };
  }

  async #send(
    inner: Transport,
    request: ApiRequest,
    as: Impersonation | undefined,
    options: SendOptions,
  ): Promise<ApiAnswer> {
    const fault = this.#faultOf(request, as);
    const forward = async (): Promise<ApiAnswer> => {
      this.#mustLive(request.what);
      const answer = await inner.send(request, as, options);
      this.#mustLive(request.what);
      return answer;
    };
    this.#mustLive(request.what);
    switch (fault?.kind) {
      case undefined:
        return forward();
      case 'kill':
        if (fault.when === 'after') await forward();
        this.kill();
        throw dead(request.what);
      case 'reset':
        if (fault.when === 'after') await forward();
        throw broken(request.what);
      case 'timeout':
        if (fault.when === 'after') await forward();
        return silence(request.what, options.signal);
      case 'status':
        return statusAnswer(fault);
      case 'truncated': {
        const answer = await forward();
        return { ...answer, text: answer.text.slice(0, answer.text.length / 2) };
      }
      case 'slow':
        await this.#clock.sleep(SLOW_MS, options.signal);
        return forward();
      case 'hold': {
        this.#hold(inner, request, as);
        return silence(request.what, options.signal);
      }
    }
  }

  #hold(inner: Transport, request: ApiRequest, as: Impersonation | undefined): void {
    const call = this.calls.at(-1);
    if (call === undefined) return;
    let isKept = true;
    const deliver = async (): Promise<void> => {
      if (!isKept) return;
      isKept = false;
      // Whether the server takes it is its business; that nothing comes of it is what is tried.
      await inner.send(request, as, {}).catch(() => undefined);
    };
    this.#clock.after(KEPT_MS, () => void deliver());
    this.held.push({ call, deliver });
  }

  async #open(
    inner: Transport,
    request: ApiRequest,
    as: Impersonation | undefined,
    options: SendOptions,
  ): Promise<OpenStream> {
    const fault = this.#faultOf(request, as);
    this.#mustLive(request.what);
    if (fault?.kind === 'kill') {
      this.kill();
      throw dead(request.what);
    }
    if (fault?.kind === 'reset') throw broken(request.what);
    if (fault?.kind === 'timeout' || fault?.kind === 'hold') return silence(request.what, options.signal);
    if (fault?.kind === 'status')
      return { answer: statusAnswer(fault), chunks: none(), close: () => undefined };
    if (fault?.kind === 'slow') await this.#clock.sleep(SLOW_MS, options.signal);
    const stream = await inner.open(request, as, options);
    if (stream.answer.status >= 300) return stream;
    const chunks = faultyEvents(stream.chunks, {
      what: request.what,
      clock: this.#clock,
      faultOf: (line) => this.#eventFault(request.what, line),
    });
    return { ...stream, chunks: this.#whileAlive(request.what, chunks) };
  }

  #faultOf(request: ApiRequest, as: Impersonation | undefined): CallFault | undefined {
    if (!this.#armed || this.#dead) return undefined;
    const call: Call = {
      n: this.calls.length + 1,
      what: request.what,
      path: request.path,
      as: as?.user,
      isWrite: request.method !== 'GET' && !request.path.includes('/events'),
    };
    this.calls.push(call);
    const fault = this.#script.call?.(call);
    // What only a write can suffer is nothing for a read.
    if (fault === undefined || (!call.isWrite && isWriteFault(fault))) return undefined;
    this.happened.push(`${JSON.stringify(fault)} at call ${call.n}: ${call.what}`);
    return fault;
  }

  #eventFault(what: string, line: string): EventFault | undefined {
    if (!this.#armed || this.#dead) return undefined;
    const event: WatchedEvent = { n: this.events.length + 1, what, line };
    this.events.push(event);
    const fault = this.#script.event?.(event);
    if (fault !== undefined) this.happened.push(`${fault} at event ${event.n} of ${what}`);
    return fault;
  }

  async *#whileAlive(what: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#mustLive(what);
      yield chunk;
    }
  }

  #mustLive(what: string): void {
    if (this.#dead) throw dead(what);
  }
}

const dead = (what: string): KubeError => new KubeError('Cancelled', `${what}: the process is dead`);

/** No answer, until the caller gives up. */
function silence(what: string, signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const giveUp = (): void => reject(toKubeError(what, signal?.reason, signal));
    if (signal?.aborted) giveUp();
    else signal?.addEventListener('abort', giveUp, { once: true });
  });
}

function statusAnswer(fault: Extract<CallFault, { kind: 'status' }>): ApiAnswer {
  const { status, reason } = fault;
  const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: 'injected fault', reason };
  return {
    status,
    headers: status === 429 ? { 'retry-after': String(RETRY_AFTER) } : {},
    text: JSON.stringify({ ...body, code: status }),
  };
}

async function* none(): AsyncGenerator<Uint8Array> {}
