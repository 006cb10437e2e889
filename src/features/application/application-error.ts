/** A question about an application that has no answer: what is wrong and what to do. */
export class ApplicationError extends Error {
  override readonly name = 'ApplicationError';
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
