/** Runs tasks, at most so many at the same time; the rest wait in order. */
export type Limit = <T>(task: () => Promise<T>) => Promise<T>;

/** Makes a limit of `parallel` tasks at once. A failed task frees its place and rejects its own promise only. */
export function createLimit(parallel: number): Limit {
  if (!(parallel >= 1)) throw new RangeError(`createLimit: parallel is ${parallel}, must be 1 or more`);
  const waiting: (() => void)[] = [];
  let running = 0;
  const release = (): void => {
    // The place is handed on without being given up: nobody who comes later can slip in between.
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return async (task) => {
    if (running < parallel) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      release();
    }
  };
}

/**
 * Maps `items` with at most `parallel` calls at once; results in the order of the items. After the first failure no
 * further call begins; those under way are waited for, then the first failure is thrown.
 */
export async function mapLimit<T, R>(
  items: readonly T[],
  parallel: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++;
      try {
        // The index is below the length, so there is an item, even where T includes undefined.
        results[index] = await work(items[index] as T, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
