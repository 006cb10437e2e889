/** An option of the command line that says what can't be meant: nothing was done, and the program ends with exit code 2. */
export class WrongOption extends Error {
  override readonly name = 'WrongOption';
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
