/**
 * Thrown by `observe` when trying again is pointless until the object (or something it watches) changes: the loop
 * explains it to the user and does not retry. Everything else that is thrown is retried with back-off.
 */
export class Terminal extends Error {
  override readonly name = 'Terminal';
  /** CamelCase word for the condition. */
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
