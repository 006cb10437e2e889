import { SECRET } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import type { Clock } from '../../lib/clock.ts';
import type { PlanePki } from '../../planes/plane-pki.ts';
import type { Action, Stage } from '../../runtime/plan.ts';
import { serviceHost } from '../../planes/plane-names.ts';
import { planeClient } from './plane-client.ts';
import type { PlaneWorld } from './world.ts';

/** All Secrets of a plane, written anew by its API server: that encrypts each as it does now. */
export interface RewriteAction extends Action {
  readonly name: 'rewrite-secrets';
  readonly namespace: string;
  readonly host: string;
  readonly pki: PlanePki;
  readonly rewriteFor: string;
}

/** Calls at a time: the tenant is served meanwhile. */
const AT_ONCE = 8;
const TIMEOUT_MS = 30_000;

/** The rewriting; nothing where none is due. Pure. */
export function rewriteStage({ spec, pki, encryption, hasAnswered }: PlaneWorld): readonly Stage[] {
  const rewriteFor = encryption?.rewriteFor;
  if (rewriteFor === undefined || !hasAnswered) return [];
  const { namespace } = spec;
  const action: RewriteAction = {
    name: 'rewrite-secrets',
    namespace,
    host: serviceHost(spec),
    pki,
    rewriteFor,
  };
  return [{ name: 'rewrite', writes: [], actions: [action] }];
}

/**
 * Asks for a change of nothing of each Secret: an API server that finds it kept otherwise than it would write it writes it anew, and
 * where it is as it should be nothing happens. Safe to repeat. Throws KubeError.
 */
export async function rewriteSecrets(action: RewriteAction, clock: Clock): Promise<void> {
  const client = planeClient(action, clock, TIMEOUT_MS);
  try {
    for await (const { items } of client.pages(SECRET)) {
      const names = items.map(({ metadata }) => metadata);
      for (let at = 0; at < names.length; at += AT_ONCE)
        await Promise.all(
          names.slice(at, at + AT_ONCE).map(async (ref) => {
            try {
              await client.patch(SECRET, ref, { type: 'merge', body: {} });
            } catch (error) {
              // Whoever deleted it meanwhile has done more.
              if (!isKubeError(error, 'NotFound')) throw error;
            }
          }),
        );
    }
  } finally {
    await client.close();
  }
}
