import type { ExecCommand, ExecResult, Surroundings } from '../../src/client/surroundings.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';

/** Surroundings of which a test states what matters; files may be changed while they are in use. */
export interface FakeSurroundings extends Surroundings {
  readonly clock: FakeClock;
  readonly files: Map<string, string>;
  /** Paths in the order they were read. */
  readonly reads: string[];
  /** Commands in the order they were run. */
  readonly commands: ExecCommand[];
}

export function surroundings(
  given: {
    readonly env?: Record<string, string>;
    readonly files?: Record<string, string>;
    readonly run?: (command: ExecCommand) => ExecResult;
  } = {},
): FakeSurroundings {
  const files = new Map(Object.entries(given.files ?? {}));
  const reads: string[] = [];
  const commands: ExecCommand[] = [];
  return {
    env: { HOME: '/home/me', ...given.env },
    cwd: '/current',
    clock: new FakeClock(),
    files,
    reads,
    commands,
    readFile: (path) => {
      reads.push(path);
      const text = files.get(path);
      if (text !== undefined) return Promise.resolve(text);
      return Promise.reject(
        Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' }),
      );
    },
    run: (command) => {
      commands.push(command);
      return Promise.resolve(
        given.run?.(command) ?? { code: undefined, stdout: '', stderr: '', failure: 'ENOENT' },
      );
    },
  };
}
