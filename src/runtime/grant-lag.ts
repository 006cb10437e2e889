import { isKubeError } from '../kube/kube-error.ts';
import type { Clock } from '../lib/clock.ts';
import { targetOf, type Written } from './write.ts';

/**
 * Milliseconds after a namespace or binding was written in which a refusal may come from the API server's caches: its
 * RBAC authoriser, quota and service-account admission read informers that lag behind.
 */
const LAG_MS = 2000;
/** First wait; doubles. The lag is mostly a few milliseconds. */
const FIRST_WAIT_MS = 20;
/** Longest wait between attempts. */
const LONGEST_WAIT_MS = 400;

/** Refusals that a cache which caught up would not give; a full quota or a pod security violation is none of them. */
const MAY_PASS =
  /cannot \w+ (resource|\w+ in)|error looking up service account|status unknown for quota|is not yet ready/i;

/** Remembers when rights came to namespaces and repeats writes that were refused too early. */
export interface GrantLag {
  /** Notes what a write brought: namespaces and role bindings begin a time of grace in their namespace. */
  note(written: Written): void;
  /** Runs the write; a refusal within the time of grace of the namespace is tried again until it ends. */
  retry<T>(namespace: string | undefined, write: () => Promise<T>): Promise<T>;
}

/** A memory of recent grants; it holds only those of the last seconds. */
export function createGrantLag(clock: Clock): GrantLag {
  const granted = new Map<string, number>();
  const note = ({ write, action }: Written): void => {
    if (action !== 'created' && action !== 'applied') return;
    const { group, kind } = write.kind;
    const target = targetOf(write);
    const now = clock.monotonic();
    for (const [namespace, at] of granted) if (now - at > LAG_MS) granted.delete(namespace);
    if (group === '' && kind === 'Namespace') granted.set(target.name, now);
    if (group === 'rbac.authorization.k8s.io' && kind === 'RoleBinding' && target.namespace !== undefined) {
      granted.set(target.namespace, now);
    }
  };
  const retry = async <T>(namespace: string | undefined, write: () => Promise<T>): Promise<T> => {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      try {
        return await write();
      } catch (error) {
        const since = namespace === undefined ? undefined : granted.get(namespace);
        const inGrace = since !== undefined && clock.monotonic() + wait - since <= LAG_MS;
        if (!inGrace || !isKubeError(error, 'Forbidden') || !MAY_PASS.test(error.message)) throw error;
        await clock.sleep(wait);
      }
    }
  };
  return { note, retry };
}
