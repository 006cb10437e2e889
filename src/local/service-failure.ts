import { LocalError } from './local-error.ts';
import { lastLines } from './run.ts';

/** Lines of the log that the message shows. */
const SHOWN_LINES = 3;

/** What to tell when a service of a node does not get ready: `said` is its log, which lies at `path`. */
export function serviceFailure(service: string, path: string, said: string): LocalError {
  return new LocalError(
    `${service} does not get ready: ${lastLines(said, SHOWN_LINES) || 'it said nothing'}`,
    // Kubelets and pods watch files by inotify, of which the kernel gives each user 128 unless told otherwise: the first
    // thing of the machine that several clusters use up.
    /inotify|fsnotify/.test(said) && /too many open files/.test(said)
      ? 'The machine has too few inotify instances for one more cluster: run `sysctl -w fs.inotify.max_user_instances=1024`, or take another cluster down; then `tenantry cluster down` and try again.'
      : `Read ${path}; then run \`tenantry cluster down\` and try again.`,
  );
}
