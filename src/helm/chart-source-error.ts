/** Why a chart could not be had. Each is the reason of a condition, and each has its own remedy in the message. */
export type ChartSourceCode =
  | 'UrlNotAllowed'
  | 'HostNotAllowed'
  | 'ChartNotFound'
  | 'ChartForbidden'
  | 'BadCertificate'
  | 'ChartTooLarge'
  | 'ChartTruncated'
  | 'ChartInvalid'
  | 'DigestMismatch'
  | 'NotSigned'
  | 'BadSignature'
  | 'KeyringInvalid'
  | 'SourceUnavailable'
  | 'SourceTimeout';

/** Thrown by everything that gets a chart from somewhere. The message says what is wrong and what to do. */
export class ChartSourceError extends Error {
  override readonly name = 'ChartSourceError';
  readonly code: ChartSourceCode;
  constructor(code: ChartSourceCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** True where the same request may succeed later without anybody changing anything. */
  get isTransient(): boolean {
    return (
      this.code === 'SourceUnavailable' || this.code === 'SourceTimeout' || this.code === 'ChartTruncated'
    );
  }
}
