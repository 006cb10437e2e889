import { isKubeError } from '../kube/kube-error.ts';

/** An answer, or undefined where the user may not ask: for what is shown as far as one may look. Other errors are thrown. */
export async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isKubeError(error, 'Forbidden')) return undefined;
    throw error;
  }
}
