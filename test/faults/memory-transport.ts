import type { ApiAnswer, ApiRequest } from '../../src/client/api-request.ts';
import { toKubeError, type OpenStream, type Transport } from '../../src/client/transport.ts';
import { KubeError } from '../../src/kube/kube-error.ts';
import type { Api, WatchResponse } from '../fakeapi/api.ts';
import type { RequestRecord } from '../fakeapi/faults.ts';
import { StatusError } from '../fakeapi/status-error.ts';

/** Lets everybody else run: no answer comes in the turn in which it was asked for. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * The fake API server without a wire: requests go into it and answers come out in the same process, a turn of the event loop
 * later each. Faster than sockets by a factor of ten, and in the same order in every run.
 */
export function memoryTransport(api: Api, user: string, asked: (request: RequestRecord) => void): Transport {
  return {
    send: async (request, impersonation, { signal }) => {
      const record = recordOf(request, impersonation?.user ?? user);
      asked(record);
      await turn();
      if (signal?.aborted) throw toKubeError(request.what, signal.reason, signal);
      const answer = await answerTo(api, record, String(request.headers['accept'] ?? ''));
      await turn();
      if (signal?.aborted) throw toKubeError(request.what, signal.reason, signal);
      return answer;
    },
    open: async (request, impersonation, { signal }) => {
      const record = recordOf(request, impersonation?.user ?? user);
      asked(record);
      await turn();
      const stream = new MemoryStream(request.what);
      signal?.addEventListener('abort', () => stream.drop(toKubeError(request.what, signal.reason, signal)), {
        once: true,
      });
      try {
        api.watch(record, stream, undefined);
      } catch (error) {
        if (!(error instanceof StatusError)) throw error;
        return { answer: refusal(record, error), chunks: [] as never, close: () => undefined };
      }
      return { answer: { status: 200, headers: {}, text: '' }, chunks: stream, close: () => stream.close() };
    },
    credentialRefused: () => false,
    close: () => Promise.resolve(),
  };
}

function recordOf(request: ApiRequest, user: string): RequestRecord {
  const url = new URL(request.path, 'http://localhost');
  const type = request.headers['content-type'];
  return {
    method: request.method,
    path: url.pathname,
    query: url.searchParams,
    user,
    contentType: typeof type === 'string' ? type : '',
    body: request.body === undefined ? undefined : (JSON.parse(request.body) as unknown),
    status: 0,
  };
}

async function answerTo(api: Api, record: RequestRecord, accept: string): Promise<ApiAnswer> {
  try {
    const { status, body } = await api.handle(record, accept);
    record.status = status;
    return { status, headers: {}, text: typeof body === 'string' ? body : JSON.stringify(body) };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return refusal(record, error);
  }
}

function refusal(record: RequestRecord, error: StatusError): ApiAnswer {
  record.status = error.status;
  return { status: error.status, headers: {}, text: JSON.stringify(error.toStatus()) };
}

/** A watch's body: what the server writes is read line by line. */
class MemoryStream implements WatchResponse, AsyncIterable<Uint8Array>, Pick<OpenStream, 'close'> {
  readonly #what: string;
  readonly #lines: string[] = [];
  readonly #onClose: (() => void)[] = [];
  readonly socket = { resetAndDestroy: () => this.drop(broken(this.#what)) };
  #ended: 'no' | 'peace' | KubeError = 'no';
  #wake: () => void = () => undefined;

  constructor(what: string) {
    this.#what = what;
  }

  writeHead(): void {}
  flushHeaders(): void {}

  write(line: string, written?: () => void): void {
    if (this.#ended !== 'no') return;
    this.#lines.push(line);
    this.#wake();
    written?.();
  }

  end(): void {
    this.#end('peace');
  }

  drop(error: KubeError): void {
    this.#end(error);
  }

  close(): void {
    this.#end('peace');
  }

  on(_event: 'close', listener: () => void): void {
    this.#onClose.push(listener);
  }

  #end(how: 'peace' | KubeError): void {
    if (this.#ended !== 'no') return;
    this.#ended = how;
    for (const listener of this.#onClose) listener();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      await turn();
      const line = this.#lines.shift();
      if (line !== undefined) yield Buffer.from(line);
      else if (this.#ended === 'peace') return;
      else if (this.#ended !== 'no') throw this.#ended;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** What a client is told when the connection breaks under it. */
export function broken(what: string): KubeError {
  const cause = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
  return new KubeError('Network', `${what}: ${cause.message}`, { cause });
}
