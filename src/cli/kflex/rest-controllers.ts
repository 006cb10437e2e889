import { CONTROL_PLANE, namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import { RESTORED_ANNOTATION, RESTORING_ANNOTATION } from '../../api/control-plane-names.ts';
import { DEPLOYMENT, POD } from '../../kube/builtin-kinds.ts';
import { waitUntil } from '../../lib/wait-until.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { CONTROLLER_MANAGER } from '../../planes/plane-names.ts';
import type { Hosting } from './hosting-connection.ts';

/** Longer than a restore takes; the operator has the controllers start again then, if this command can't say so any more. */
const REST_MS = 5 * 60 * 1000;
/** Controllers end within their five seconds, on a node that has time. */
const END_MS = 90_000;
const LOOK_EVERY_MS = 250;

/** Does something while none of a plane's controllers runs, and has them start again whatever becomes of it. */
export async function whileControllersRest<T>(
  io: Pick<CliIo, 'clock' | 'signal'>,
  { client }: Pick<Hosting, 'client'>,
  plane: ControlPlane,
  work: () => Promise<T>,
): Promise<T> {
  const { name, uid } = plane.metadata;
  const say = (annotations: Readonly<Record<string, string | null>>) =>
    client.patch(CONTROL_PLANE, { name }, { type: 'merge', body: { metadata: { uid, annotations } } });
  const ref = { namespace: namespaceOfPlane(plane), name: CONTROLLER_MANAGER };
  const haveEnded = async (): Promise<true | undefined> => {
    const deployment = await client.find(DEPLOYMENT, ref);
    if (deployment === undefined) return true;
    if (deployment.spec?.replicas !== 0) return undefined;
    // Its status does not count those that still end.
    const labelSelector = `app=${CONTROLLER_MANAGER}`;
    const { items } = await client.list(POD, { namespace: ref.namespace, labelSelector });
    return items.length === 0 ? true : undefined;
  };
  const at = (ms: number): string => new Date(ms).toISOString();
  await say({ [RESTORING_ANNOTATION]: at(io.clock.now() + REST_MS) });
  try {
    const ended = await waitUntil(haveEnded, {
      clock: io.clock,
      within: END_MS,
      every: LOOK_EVERY_MS,
      signal: io.signal,
    });
    if (ended === undefined)
      throw new UserError(
        `the controllers of ${name} do not end; nothing was restored`,
        `Look why: \`kubectl get pods -n ${ref.namespace}\`. The operator must run, too.`,
      );
    return await work();
  } finally {
    // Whatever came of it: some of it may be there, and be kept otherwise than the plane keeps it.
    await say({ [RESTORING_ANNOTATION]: null, [RESTORED_ANNOTATION]: at(io.clock.now()) });
  }
}
