/** Work that is done before others get their turn, in whatever the caller counts. */
const WORK_AT_ONCE = 65_536;

/** A counter of work: call it with the size of each piece; it waits for a turn of the event loop where there was much. */
export function takeTurns(): (size: number) => Promise<void> {
  let done = 0;
  return async (size) => {
    done += size;
    if (done < WORK_AT_ONCE) return;
    done = 0;
    // Timers, answers from the API server and the leader's lease come first.
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
}
