import { SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PlanePki } from '../../planes/plane-pki.ts';
import { planeClient } from './plane-client.ts';

/** Whether the API of a plane answers and has the ServiceAccount that pods of its first namespace run as. */
export type AskPlane = (
  plane: { readonly host: string; readonly pki: PlanePki },
  signal: AbortSignal,
) => Promise<boolean>;

/** A plane that is well answers within milliseconds; one that is not is asked again soon. */
const TIMEOUT_MS = 2_000;

/** Asks by the plane's Service, as its administrator. */
export function askByService(clock: Clock): AskPlane {
  return async (plane, signal) => {
    const client = planeClient(plane, clock, TIMEOUT_MS);
    try {
      const account = await client.find(
        SERVICE_ACCOUNT,
        { namespace: 'default', name: 'default' },
        { signal },
      );
      return account !== undefined;
    } catch (error) {
      if (isKubeError(error)) return false;
      throw error;
    } finally {
      await client.close();
    }
  };
}
