import type { Clock } from '../lib/clock.ts';
import type { Progress } from '../lib/progress.ts';
import type { Colors } from './colors.ts';

/** Steps that take less than this are printed once, when done; longer ones announce themselves. */
const ANNOUNCE_AFTER_MS = 1_500;

/**
 * Prints steps as lines: `✓ node Ready  4.9 s  (cached)`. Works the same in a terminal and in a log, since nothing is ever
 * rewritten: a step that lasts prints `… name` once, so that a reader sees what is being waited for.
 */
export function terminalProgress(out: (text: string) => void, clock: Clock, colors: Colors): Progress {
  return {
    async step(name, work) {
      const started = clock.monotonic();
      const cancel = clock.after(ANNOUNCE_AFTER_MS, () => out(`${colors.dim('…')} ${name}\n`));
      let noted = '';
      const suffix = (): string => {
        const seconds = `${((clock.monotonic() - started) / 1000).toFixed(1)} s`;
        return `${colors.dim(seconds)}${noted === '' ? '' : colors.dim(`  (${noted})`)}`;
      };
      try {
        const result = await work((text) => {
          noted = text;
        });
        out(`${colors.green('✓')} ${name}  ${suffix()}\n`);
        return result;
      } catch (error) {
        out(`${colors.red('✗')} ${name}  ${suffix()}\n`);
        throw error;
      } finally {
        cancel();
      }
    },
  };
}
