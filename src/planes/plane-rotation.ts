import type { Deployment, StatefulSet } from '../kube/builtin-kinds.ts';
import type { KubeObject } from '../kube/object.ts';
import { createAuthority } from '../pki/certificate.ts';
import { endingPods } from './ending-pods.ts';
import { KEYS_ANNOTATION, keysAnnotation } from './keys-annotation.ts';
import { AUTHORITIES, AUTHORITY_DAYS, BACKDATE_MS, type AuthorityName, type PlanePki } from './plane-pki.ts';
import type { PlaneSpec } from './plane-spec.ts';

/** On a plane: how far its authorities are to be exchanged. */
export const ROTATION_ANNOTATION = 'tenantry.dev/rotate-authorities';
/** `begin`: new authorities are trusted. `renew`: everything is signed by them. `finish`: the old ones are not trusted any more. */
const GOALS = ['begin', 'renew', 'finish'] as const;
type Goal = (typeof GOALS)[number];

/**
 * How far it is.
 *
 *     settled ──begin, renew──► introduced ──renew, finish──► renewed ──finish──► settled
 *     one set of authorities    new ones are trusted, too     new ones sign, old ones are trusted
 *
 * From one to the next only when all pods run with the former: whoever shows something signed by the new ones meets nobody who does not
 * know them. People's kubeconfigs are fetched again while it is renewed; that is why it stops there until it is told to finish.
 */
export type RotationPhase = 'settled' | 'introduced' | 'renewed';

/** What an annotation asks for; undefined for a text that is none of the words. */
export function rotationGoal(text: string): Goal | undefined {
  return GOALS.find((goal) => goal === text);
}

export function rotationPhase({ next, previous }: PlanePki): RotationPhase {
  if (next !== undefined) return 'introduced';
  return previous === undefined ? 'settled' : 'renewed';
}

/** The phase that follows; the same one where nothing is to be done yet. Pure. */
export function nextPhase(phase: RotationPhase, goal: Goal | undefined, isRolledOut: boolean): RotationPhase {
  if (goal === undefined || !isRolledOut) return phase;
  if (phase === 'settled') return goal === 'finish' ? 'settled' : 'introduced';
  if (phase === 'introduced') return goal === 'begin' ? 'introduced' : 'renewed';
  return goal === 'finish' ? 'settled' : 'renewed';
}

/** The keys in the phase after theirs; leaves that the new authorities have to sign are due then. */
export async function rotated(pki: PlanePki, spec: Pick<PlaneSpec, 'name'>, now: number): Promise<PlanePki> {
  const { next, previous: _old, ...rest } = pki;
  switch (rotationPhase(pki)) {
    case 'settled':
      return { ...pki, next: await newAuthorities(spec, now) };
    case 'introduced': {
      const certs = AUTHORITIES.map((name) => [name, pki.authorities[name].cert]);
      // True: one for each authority.
      const previous = Object.fromEntries(certs) as Record<AuthorityName, string>;
      return { ...rest, authorities: next ?? pki.authorities, previous };
    }
    case 'renewed':
      return rest;
  }
}

/** Whether every pod of a plane's programs was started with these keys. Pure. */
export function runsWith(programs: readonly KubeObject[], pki: PlanePki): boolean {
  const wanted = keysAnnotation(pki)[KEYS_ANNOTATION];
  return programs.every((object) => {
    // True by the caller's choice: both kinds have these fields.
    const program = object as Deployment | StatefulSet;
    return program.spec?.template.metadata?.annotations?.[KEYS_ANNOTATION] === wanted && isRolledOut(program);
  });
}

/** Whether all pods of a program are those that were asked for last, and work. Pure. */
export function isRolledOut({ metadata, spec, status }: Deployment | StatefulSet): boolean {
  const { replicas = 0 } = spec ?? {};
  return (
    (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    (status?.replicas ?? 0) === replicas &&
    endingPods(status) === 0 &&
    (status?.updatedReplicas ?? 0) === replicas &&
    (status?.readyReplicas ?? 0) === replicas
  );
}

async function newAuthorities(
  { name: plane }: Pick<PlaneSpec, 'name'>,
  now: number,
): Promise<NonNullable<PlanePki['next']>> {
  const made = AUTHORITIES.map(async (name) => {
    const commonName = `${plane}-${name}-${new Date(now).toISOString().slice(0, 10)}`;
    return [
      name,
      await createAuthority({ commonName, notBefore: now - BACKDATE_MS, days: AUTHORITY_DAYS }),
    ] as const;
  });
  // True: one for each authority.
  return Object.fromEntries(await Promise.all(made)) as NonNullable<PlanePki['next']>;
}
