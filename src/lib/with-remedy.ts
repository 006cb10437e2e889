/** An error that also says what to do about it; the command line shows both. */
export function withRemedy(message: string, remedy: string, cause?: unknown): Error {
  return Object.assign(new Error(message, { cause }), { remedy });
}
