import type { Client } from '../../../src/client/client.ts';
import { isKubeError, type KubeErrorCode } from '../../../src/kube/kube-error.ts';
import type { ConfigMap } from '../../../src/kube/builtin-kinds.ts';

/** The server a suite runs against: the fake one, or a real one. */
export interface Subject {
  readonly client: Client;
  /** A namespace of the suite's own, empty when it begins. */
  readonly namespace: string;
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
