import type { Clock } from '../lib/clock.ts';
import type { Progress } from '../lib/progress.ts';
import type { Colors } from './colors.ts';

/** Everything a command takes from its surroundings; made once in `main/cli.ts`, by hand in tests. */
export interface CliIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** For what goes to `out`. */
  readonly colors: Colors;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly progress: Progress;
  /** The command line that starts this very program again; for processes that outlive a command. */
  readonly self?: readonly string[];
  /** Asks the person at the terminal; absent where there is none. */
  readonly ask?: (question: string) => Promise<string>;
  /** Aborted on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** An error for the person at the keyboard: what is wrong and what to do. Printed as two lines, never with a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** A command that was run for the person ended like this, and so do we. It has said why itself. */
export class CommandEnd extends Error {
  override readonly name = 'CommandEnd';
  readonly code: number;
  constructor(code: number) {
    super(`the command ended with ${code}`);
    this.code = code;
  }
}
