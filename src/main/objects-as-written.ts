import { desiredOf } from '../features/instance/desired.ts';
import type { AsWritten } from '../features/service/policy-trial.ts';

/** Stands where names and UIDs of an instance would. */
const NOBODY = 'sample';

/**
 * What an instance of a service would write of a rendering: policies judge that, and not what stands in the chart. Here, for the feature
 * that registers services and the one that runs instances know nothing of each other.
 */
export const objectsAsWritten: AsWritten = (objects, context) => {
  const { namespace, policies, kinds, rules, account, kindOf } = context;
  const identity = {
    uid: NOBODY,
    kind: NOBODY,
    name: NOBODY,
    namespace,
    target: namespace,
    release: NOBODY,
    serviceUid: NOBODY,
    account,
  };
  const { desired } = desiredOf(
    { objects, hooks: [] },
    { identity, revision: { kinds, rules, policies }, nodeName: undefined, kindOf },
  );
  return desired.objects;
};
