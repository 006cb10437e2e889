import { KubeError, isKubeError } from '../kube/kube-error.ts';
import { UserError } from './cli-io.ts';
import { messageOf } from '../lib/error-text.ts';

/** What a person is told about a failure: what it is, and what to do. */
export interface Explained {
  readonly message: string;
  readonly remedy: string;
}

const BY_CODE: Partial<Record<KubeError['code'], string>> = {
  Network:
    'Check that the cluster runs and that the current kubeconfig context points at it (`kubectl config view --minify`).',
  Timeout: 'The cluster did not answer in time; try again, or look at its load.',
  Unauthorized: 'The credentials of the current kubeconfig context were refused; renew them.',
  Forbidden: 'Ask the cluster’s owner for this right, or use a context that has it.',
  NotFound: 'Check the name and the namespace; `tenantry doctor` says what is missing in the cluster.',
  Conflict: 'Somebody changed the object at the same time; try again.',
  Invalid: 'Correct the named fields and try again.',
};

const UNTRUSTED =
  'The API server’s certificate is not trusted: set certificate-authority(-data) of the cluster in the kubeconfig to the CA that signed it.';
const DENIED = 'Correct what the denial names and try again.';

/** An admission webhook or policy said no: that is about the object, not about rights. */
function isDenial(error: KubeError): boolean {
  return /admission webhook .* denied the request|ValidatingAdmissionPolicy .* denied request/.test(
    error.message,
  );
}

function remedyOf(error: KubeError): string {
  if (isDenial(error)) return DENIED;
  if (error.code === 'Network' && /certificate/i.test(error.message)) return UNTRUSTED;
  return (
    BY_CODE[error.code] ?? 'The API server’s answer is above; `tenantry doctor` looks for common causes.'
  );
}

/** One explanation for anything that can be thrown. Stacks are for `TENANTRY_DEBUG=1`, never for ordinary use. */
export function explainError(error: unknown): Explained {
  if (error instanceof UserError) return { message: error.message, remedy: error.remedy };
  if (isKubeError(error))
    return {
      message: error.message,
      remedy: remedyOf(error),
    };
  if (hasRemedy(error)) return { message: error.message, remedy: error.remedy };
  const message = messageOf(error);
  return {
    message,
    remedy: 'This should not happen. Run it again with TENANTRY_DEBUG=1 and report what it prints.',
  };
}

/** Errors of lower layers that carry a remedy of their own (the local cluster's, for instance). */
function hasRemedy(error: unknown): error is Error & { readonly remedy: string } {
  return error instanceof Error && 'remedy' in error && typeof error.remedy === 'string';
}
