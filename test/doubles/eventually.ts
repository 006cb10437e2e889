/** Milliseconds after which a test that waits has failed. */
const PATIENCE_MS = 5000;

/** Resolves as soon as `check` answers something true; checks after every turn of the event loop. Rejects with `what`. */
export async function eventually<T>(
  what: string,
  check: () => T | Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<NonNullable<T>> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > end) throw new Error(`Never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
