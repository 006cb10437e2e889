import type { AdoptedRelease } from '../../api/instance.ts';
import { RenderError } from '../../helm/rendering.ts';
import { ReleaseError } from '../../helm/release-secret.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { isNotOurs } from '../../runtime/not-ours.ts';
import { Terminal } from '../../runtime/terminal.ts';
import type { ScopeFinding } from './scope.ts';
import type { Failure } from './world.ts';
import { messageOf } from '../../lib/error-text.ts';

/** Milliseconds until what the cluster may yet bring (a kind, a Secret, a free name) is looked for again. */
const RETRY_MS = 30_000;

/** The namespace's name is somebody else's. */
export function namespaceTaken(target: string): Failure {
  return {
    reason: 'NamespaceTaken',
    message: `Namespace ${target} exists already and does not belong to this instance; it is left untouched. Delete that namespace or give the instance another name`,
    stalled: true,
    // A namespace that goes wakes us only where the name says whose it could be.
    retryMs: 60_000,
  };
}

/** The namespace that is to be taken over is not marked as the instance's, or is gone. */
export function notHandedOver({ namespace, release }: AdoptedRelease): Failure {
  return {
    reason: 'NotHandedOver',
    message: `Namespace ${namespace} with Helm release ${release} was not handed over to this instance; it is left untouched. Whoever may adopt that namespace runs \`tenantry adopt\`, or delete this instance`,
    stalled: true,
    retryMs: 60_000,
  };
}

/** The instance of another kind has its namespace and release. */
export function migratedTo(kind: string, own: string): Failure {
  return {
    reason: 'Migrated',
    message: `It was migrated to kind ${kind} and holds nothing any more. Delete this ${own} to confirm; or take everything back: remove the annotation kubeplus/migrate-from from the ${kind}, and annotate this one with kubeplus/migrate-from: ${kind}`,
    stalled: true,
    retryMs: 60_000,
  };
}

/** KubePlus deployed the instance, and nobody gave its release over yet. */
export function notAdopted(name: string): Failure {
  return {
    reason: 'NotHandedOver',
    message: `KubePlus deployed ${name}, and its release was not handed over; it is left untouched. Run \`tenantry adopt --kubeplus\`, or take the label created-by away to have the instance installed anew`,
    stalled: true,
    retryMs: 60_000,
  };
}

/** What is there now is not what was looked at before the release was handed over. */
export function foundAnother({ namespace, release, revision }: AdoptedRelease): Failure {
  return {
    reason: 'FoundAnother',
    message: `Helm release ${release} in namespace ${namespace} is not revision ${revision} as it was looked at; nothing was written. Run \`tenantry adopt --undo\`, then look again and adopt what is there`,
    stalled: true,
    retryMs: RETRY_MS,
  };
}

/** What `checkScope` found, as one failure. */
export function scopeFailure(findings: readonly ScopeFinding[]): Failure {
  const [first] = findings;
  const reason = findings.find((finding) => finding.reason === 'KindNotAllowed')?.reason ?? first?.reason;
  return {
    reason: reason ?? 'ChartInvalid',
    message: `Nothing was written: ${findings.map(({ message }) => message).join('; ')}`,
    stalled: true,
    retryMs: RETRY_MS,
  };
}

/** A Secret that values come from is missing, or holds no values. */
export function valuesFailure(message: string): Failure {
  return { reason: 'ValuesSecretInvalid', message, stalled: true, retryMs: RETRY_MS };
}

/** What rendering or keeping the release threw; undefined for anything that is not the user's to solve. */
export function renderFailure(error: unknown): Failure | undefined {
  if (error instanceof RenderError) {
    if (error.code === 'Cancelled') return undefined;
    return { reason: error.code, message: renderText(error), stalled: true };
  }
  if (error instanceof ReleaseError || error instanceof RangeError) {
    return { reason: 'ReleaseTooLarge', message: error.message, stalled: true };
  }
  return undefined;
}

/** Values may come from the instance or from Secrets; after an upgrade it is often old ones that a new schema refuses. */
function renderText({ code, message }: RenderError): string {
  if (code !== 'ValuesInvalid') return message;
  return `The chart’s schema refuses the values: ${message}; correct them in spec or in the Secrets of tenantry.valuesFrom`;
}

/** What a refused call means for the instance. */
export function callFailure(error: unknown): Failure {
  const message = messageOf(error);
  if (error instanceof Terminal) return { reason: error.reason, message, stalled: true };
  if (isNotOurs(error)) return { reason: 'NameTaken', message, stalled: true };
  if (isKubeError(error, 'Forbidden')) {
    if (/exceeded quota/.test(message)) return { reason: 'QuotaExceeded', message, stalled: false };
    if (/violates PodSecurity/.test(message)) return { reason: 'PodSecurity', message, stalled: true };
    if (/admission webhook|ValidatingAdmissionPolicy|denied/.test(message)) {
      return { reason: 'Denied', message, stalled: true };
    }
    const remedy = 'the cluster’s owner can grant it to the ClusterRole of the service';
    return { reason: 'MissingPermissions', message: `${message}; ${remedy}`, stalled: true };
  }
  if (isKubeError(error, 'Invalid', 'BadRequest')) return { reason: 'Invalid', message, stalled: true };
  if (isKubeError(error)) return { reason: 'ApiUnavailable', message, stalled: false };
  return { reason: 'InternalError', message, stalled: false };
}
