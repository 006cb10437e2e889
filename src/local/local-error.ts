import { codeOf } from '../lib/error-text.ts';
/** A failure of the local cluster or its tools, told to the person at the keyboard: what is wrong, and what to do. */
export class LocalError extends Error {
  override readonly name = 'LocalError';
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** Wraps what the file system throws when a disk is full; everything else comes back as it is. */
export function explainDiskFull(error: unknown, where: string): unknown {
  const code = codeOf(error);
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new LocalError(
    `no space left on the disk that holds ${where}`,
    'Free some space (a cluster needs about 2 GB, building the tools from nothing about 12 GB more) and run it again.',
    { cause: error },
  );
}
