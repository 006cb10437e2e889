import type { Client } from '../client/client.ts';
import { watchObjects } from '../client/watcher.ts';
import { findCondition } from '../kube/conditions.ts';
import type { Kind, ObjectRef } from '../kube/kind.ts';
import type { Condition, KubeObject } from '../kube/object.ts';
import type { Clock } from '../lib/clock.ts';
import { UserError } from './cli-io.ts';

/** Any kind with kstatus conditions. */
export interface ReadyObject extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined;
}

export interface WaitOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Told the Ready condition's message whenever it changes. */
  readonly note?: (text: string) => void;
}

/**
 * Watches an object until its Ready condition is True for the generation it has now. Fails with a UserError that carries the last
 * message when time is up or the object is deleted.
 */
export async function waitReady<T extends ReadyObject>(
  kind: Kind<T>,
  ref: ObjectRef,
  options: WaitOptions,
): Promise<T> {
  const { client, clock, timeoutMs } = options;
  const stop = new AbortController();
  const cancel = clock.after(timeoutMs, () => stop.abort());
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let last = 'no status yet';
  try {
    const events = watchObjects(client, kind, {
      namespace: ref.namespace,
      fieldSelector: `metadata.name=${ref.name}`,
      clock,
      signal,
    });
    for await (const event of events) {
      if (event.type === 'delete')
        throw new UserError(`${nameOf(kind, ref)} was deleted`, 'Create it again.');
      if (event.type !== 'apply' && event.type !== 'init-item') continue;
      const ready = findCondition(event.object.status?.conditions ?? [], 'Ready');
      if (ready?.status === 'True' && ready.observedGeneration === event.object.metadata.generation) {
        options.note?.('');
        return event.object;
      }
      last = ready?.message ?? last;
      options.note?.(last);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    cancel();
    stop.abort();
  }
  options.signal.throwIfAborted();
  throw new UserError(
    `${nameOf(kind, ref)} is not ready after ${Math.round(timeoutMs / 1000)} s: ${last}`,
    `\`kubectl describe ${kind.plural}.${kind.group} ${ref.name}${ref.namespace === undefined ? '' : ` -n ${ref.namespace}`}\` says what it waits for.`,
  );
}

function nameOf(kind: Kind, ref: ObjectRef): string {
  return `${kind.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;
}
