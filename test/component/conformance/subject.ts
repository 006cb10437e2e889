import type { Server } from 'node:https';
import type { ClusterAccess } from '../../../src/client/access.ts';
import type { ApiRequest } from '../../../src/client/api-request.ts';
import { createTransport } from '../../../src/client/transport.ts';
import type { Client } from '../../../src/client/client.ts';
import { isKubeError, type KubeErrorCode } from '../../../src/kube/kube-error.ts';
import type { ConfigMap } from '../../../src/kube/builtin-kinds.ts';

/** The server a suite runs against: the fake one, or a real one. */
export interface Subject {
  readonly client: Client;
  readonly access: ClusterAccess;
  /** A namespace of the suite's own, empty when it begins. */
  readonly namespace: string;
  /** Has the server forget all states before the present one, as it does every few minutes (compaction). */
  forget(): Promise<void>;
  /** Has a server of this process listen where the API server can call it; answers its address. */
  reach(server: Server): Promise<string>;
  stop(): Promise<void>;
}

/** Makes the subject of one suite; called once before its tests. */
export type SubjectFactory = () => Promise<Subject>;

/** The code a call failed with; the name of the outcome if it did not fail, so that an assertion shows it. */
export async function codeOf(
  call: Promise<unknown>,
): Promise<KubeErrorCode | 'succeeded' | 'not a KubeError'> {
  try {
    await call;
    return 'succeeded';
  } catch (error) {
    return isKubeError(error) ? error.code : 'not a KubeError';
  }
}

export function configMap(namespace: string, name: string, data: Record<string, string>): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

/** Asks again until the answer is there; for what a cluster does by itself after a while. Gives up after 30 s. */
export async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error('it did not happen within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

/** Sends one request below the client, which would turn a failure into an error and hide how the server put it. */
export async function exchange(
  { access }: Subject,
  method: ApiRequest['method'],
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Readonly<Record<string, string>> } = {},
): Promise<WireAnswer> {
  const transport = createTransport(access, { userAgent: 'tenantry-conformance' });
  try {
    const content: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const request: ApiRequest = {
      method,
      path,
      headers: { accept: 'application/json', ...content, ...headers },
      ...(text === undefined ? {} : { body: text }),
      what: `${method} ${path}`,
      repeatable: false,
      maxBytes: 1_000_000,
    };
    const answer = await transport.send(request, undefined, {});
    // True: API servers answer objects, or texts that are wrapped here.
    const parsed = parse(answer.text) as WireAnswer['body'];
    return { status: answer.status, body: parsed, warnings: [answer.headers['warning'] ?? []].flat() };
  } finally {
    await transport.close();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}
