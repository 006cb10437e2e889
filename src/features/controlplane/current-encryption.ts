import type { ControlPlane } from '../../api/control-plane.ts';
import { ENCRYPTION_CONDITION, RESTORED_ANNOTATION } from '../../api/control-plane-names.ts';
import type { Deployment, Secret } from '../../kube/builtin-kinds.ts';
import { findCondition, type NextCondition } from '../../kube/conditions.ts';
import { sha256 } from '../../lib/hash.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import {
  encryptionArgs,
  isEncrypting,
  readEncryption,
  type EncryptionState,
} from '../../planes/encryption.ts';
import {
  isSettled,
  nextEncryption,
  rewriteDue,
  type EncryptionFacts,
} from '../../planes/encryption-steps.ts';
import { isRolledOut } from '../../planes/plane-rotation.ts';
import { filesOf } from './secret-files.ts';

/** How the Secrets of a plane are kept in its store, and how far it is with that. */
export interface PlaneEncryption {
  readonly state: EncryptionState;
  /** What every Secret has to be written anew for, now. */
  readonly rewriteFor: string | undefined;
  readonly isSettled: boolean;
}

/** What the keys of a plane depend on. */
export interface EncryptionSurroundings {
  /** Of its API servers; undefined where there were never any. */
  readonly apiServer: Deployment | undefined;
  readonly isAsleep: boolean;
  /** What this process had Secrets written anew for. */
  readonly rewritten: string | undefined;
  /** Random, of at least 24 bytes. */
  readonly newPassword: () => string;
}

/** Whether a plane has keys that have to be read: it is to encrypt, or does. Pure. */
export function hasEncryption({ spec }: ControlPlane, apiServer: Deployment | undefined): boolean {
  return spec.encryption !== undefined || isEncrypting(argsOf(apiServer));
}

/** What the Secret holds, a step further where it is time for one; undefined for a plane that never encrypted. Pure but for new keys. */
export function currentEncryption(
  plane: ControlPlane,
  secret: Secret | undefined,
  { apiServer, isAsleep, rewritten, newPassword }: EncryptionSurroundings,
): PlaneEncryption | undefined {
  const { encryption: asked } = plane.spec;
  if (!hasEncryption(plane, apiServer)) return undefined;
  const kept = readEncryption(filesOf(secret));
  const facts = (state: EncryptionState | undefined): EncryptionFacts => ({
    isNew: apiServer === undefined,
    // Nobody reads while it sleeps, and nobody could say that it is done.
    isRolledOut: state !== undefined && !isAsleep && runsAs(state, apiServer),
    restoredAt: plane.metadata.annotations?.[RESTORED_ANNOTATION] ?? '',
    rewritten,
    newSecret: () => Buffer.from(sha256(newPassword()), 'hex').toString('base64'),
  });
  const state = nextEncryption(kept, asked, facts(kept));
  if (state === undefined) return undefined;
  const now = facts(state);
  return { state, rewriteFor: rewriteDue(state, asked, now), isSettled: isSettled(state, asked, now) };
}

/** What is said of it; nothing of a plane that never encrypted. Pure. */
export function encryptionSaid(
  plane: ControlPlane,
  encryption: PlaneEncryption | undefined,
): readonly NextCondition[] {
  const { encryption: asked } = plane.spec;
  const of = (isTrue: boolean, reason: string, message: string): readonly NextCondition[] => [
    { type: ENCRYPTION_CONDITION, status: isTrue ? 'True' : 'False', reason, message },
  ];
  if (encryption === undefined)
    return findCondition(plane.status?.conditions, ENCRYPTION_CONDITION) === undefined
      ? []
      : of(false, 'Off', 'Secrets are kept as they are');
  const { state, rewriteFor, isSettled: isDone } = encryption;
  if (isDone)
    return asked === undefined
      ? of(false, 'Off', 'Secrets are kept as they are')
      : of(
          true,
          'Encrypted',
          `All Secrets are encrypted with key ${headOf(state)}, and no other key is kept`,
        );
  if (rewriteFor !== undefined)
    return of(false, 'Rewriting', `All Secrets are written anew: ${headOf(state)}`);
  return of(
    false,
    'Changing',
    `API servers are replaced; they write with ${headOf(state)} and read ${state.providers.length} ways. Then all Secrets are written anew`,
  );
}

function headOf({ providers }: EncryptionState): string {
  const [head] = providers;
  return typeof head === 'object' ? `${head.provider}:${head.name}` : 'identity';
}

function runsAs(state: EncryptionState, apiServer: Deployment | undefined): boolean {
  if (apiServer === undefined || !isRolledOut(apiServer)) return false;
  const wanted = encryptionArgs({ encryption: state });
  return deepEqual(
    argsOf(apiServer).filter((arg) => isEncrypting([arg])),
    wanted,
  );
}

function argsOf(apiServer: Deployment | undefined): readonly string[] {
  return apiServer?.spec?.template.spec?.containers[0]?.args ?? [];
}
