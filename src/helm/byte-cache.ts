/** A least-recently-used map whose entries have sizes, bounded by their sum. */
export interface ByteCache<V> {
  get(key: string): V | undefined;
  /** Keeps a value of `bytes` bytes and forgets the oldest ones that no longer fit; one larger than the whole is not kept. */
  set(key: string, value: V, bytes: number): void;
}

/** An empty cache of at most `capacity` bytes. */
export function createByteCache<V>(capacity: number): ByteCache<V> {
  // A Map iterates in the order of insertion: the first key is the one not used for longest.
  const entries = new Map<string, { readonly value: V; readonly bytes: number }>();
  let total = 0;
  const remove = (key: string): void => {
    total -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set: (key, value, bytes) => {
      remove(key);
      if (bytes > capacity) return;
      entries.set(key, { value, bytes });
      total += bytes;
      for (const oldest of entries.keys()) {
        if (total <= capacity) break;
        remove(oldest);
      }
    },
  };
}
