/** A kubeconfig that can't be used: what is wrong, in which file, and what to do. */
export class KubeconfigError extends Error {
  override readonly name = 'KubeconfigError';
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
