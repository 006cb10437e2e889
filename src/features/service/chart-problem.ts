/** Reasons of a service that is not as its composition says; words of the conditions. */
export type ServiceReason =
  | 'ChartNotFound'
  | 'ChartForbidden'
  | 'ChartInvalid'
  | 'ChartTooLarge'
  | 'ChartTruncated'
  | 'BadCertificate'
  | 'DigestMismatch'
  | 'NotSigned'
  | 'BadSignature'
  | 'KeyringInvalid'
  | 'UrlNotAllowed'
  | 'HostNotAllowed'
  | 'SourceUnavailable'
  | 'SourceTimeout'
  | 'SecretMissing'
  | 'TemplateFailed'
  | 'ValuesInvalid'
  | 'KindNotAllowed'
  | 'KindUnknown'
  | 'NamespaceNotAllowed'
  | 'StorageNotAllowed'
  | 'RuntimeClassMissing'
  | 'MissingPermissions'
  | 'PolicyDenied'
  | 'NameTaken'
  | 'SpecInvalid'
  | 'WriteFailed'
  | 'InstancesExist'
  | 'DeletionProtected';

/** Something about a composition or its chart that keeps the service from being registered. */
export interface ChartProblem {
  readonly reason: ServiceReason;
  readonly message: string;
  /** Milliseconds after which it is looked at again by itself; undefined where only a change of the composition helps. */
  readonly retryMs?: number;
}

/** Problems as an error, to leave nested work; caught where a plan or a denial is made of it. */
export class ChartProblems extends Error {
  override readonly name = 'ChartProblems';
  readonly problems: readonly ChartProblem[];
  constructor(problems: readonly ChartProblem[], options?: ErrorOptions) {
    super(problems.map((problem) => problem.message).join('\n'), options);
    this.problems = problems;
  }
}
