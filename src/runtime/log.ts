import pino from 'pino';
import type { Clock } from '../lib/clock.ts';
import { redact } from './redact.ts';

/** Values beside a message. Errors are given whole, under the key `error`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Severity, lowest first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Structured log: constant messages, everything that varies as fields. Secrets are removed before anything is written. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields on every line. */
  child(fields: LogFields): Log;
}

/** Where a log goes and how much of it. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Takes one line with its newline; standard output in `main/`. */
  readonly write: (line: string) => void;
}

/** A log of one JSON object a line: `level` as a word, `time` in ISO 8601, `message`, then the fields. */
export function createLog(options: LogOptions): Log {
  const logger = pino(
    {
      level: options.level,
      messageKey: 'message',
      base: null,
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: options.write },
  );
  return wrap(logger, {});
}

function wrap(logger: pino.Logger, bound: LogFields): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      // Redacting costs a walk over the fields, so lines that are not written are not walked.
      if (!logger.isLevelEnabled(level)) return;
      logger[level](redact({ ...bound, ...fields }), redact(message));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(logger, { ...bound, ...fields }),
  };
}

/** Says nothing: for tests and for callers that do not care. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
