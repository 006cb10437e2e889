/** How long work tells a person what it does. Implemented by the CLI for a terminal and for a log. */
export interface Progress {
  /**
   * Runs one step and prints its name, how long it took and what `note` was told last (`cached`, `342 MB`, …).
   * Steps may nest and may run at the same time. A step that throws is printed as failed.
   */
  step<T>(name: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>;
}

/** For tests and for callers that do not care. */
export const silentProgress: Progress = { step: (_name, work) => work(() => undefined) };
