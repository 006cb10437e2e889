import type { AskedPlaneEncryption } from '../api/plane-encryption.ts';
import { shortHash } from '../lib/hash.ts';
import type { EncryptionKey, EncryptionState } from './encryption.ts';

/** What is known beside the keys. */
export interface EncryptionFacts {
  /** No API server of the plane was ever started. */
  readonly isNew: boolean;
  /** Every API server runs with the state as it is. */
  readonly isRolledOut: boolean;
  /** When a snapshot was restored last: it may have brought Secrets that are written otherwise. */
  readonly restoredAt: string;
  /** What `rewriteMark` every Secret was written anew for, as far as this process knows. */
  readonly rewritten: string | undefined;
  /** 32 random bytes, base64. */
  readonly newSecret: () => string;
}

const DEFAULTS = { provider: 'secretbox', keyName: 'first' } as const;
/** Digits after a key's name, which tell two keys apart that were given one name. */
const DIGITS = 8;

type Provider = EncryptionState['providers'][number];

/**
 * The state that follows; the same one where nothing is to be done yet. Several API servers are replaced one after the other, so what
 * one of them writes all others have to be able to read already:
 *
 *     read ──rolled out──► write ──rolled out──► (all Secrets are written anew) ──► forget
 *     the new key, too     with the new key                                         all others
 *
 * Off is the same with `identity` for the key. `identity` is always read, for snapshots that were taken without a key. Pure but for the key.
 */
export function nextEncryption(
  state: EncryptionState | undefined,
  asked: AskedPlaneEncryption | undefined,
  facts: EncryptionFacts,
): EncryptionState | undefined {
  if (state === undefined) {
    if (asked === undefined) return undefined;
    const key = newKey(asked, facts);
    return { providers: facts.isNew ? [key, 'identity'] : ['identity', key] };
  }
  if (!facts.isRolledOut) return state;
  const { providers } = state;
  const target = targetIn(state, asked);
  const [head] = providers;
  if (target === undefined)
    return { providers: asked === undefined ? providers : [...providers, newKey(asked, facts)] };
  if (head !== target) return { providers: [target, ...providers.filter((one) => one !== target)] };
  const mark = rewriteMark(state, facts);
  if (state.rewritten !== mark && facts.rewritten !== mark) return state;
  const kept: readonly Provider[] = target === 'identity' ? ['identity'] : [target, 'identity'];
  const isAsIs = kept.length === providers.length && state.rewritten === mark;
  return isAsIs ? state : { providers: kept, rewritten: mark };
}

/** What all Secrets have to be written anew for, where API servers are ready for it; undefined where they need not be. Pure. */
export function rewriteDue(
  state: EncryptionState,
  asked: AskedPlaneEncryption | undefined,
  facts: EncryptionFacts,
): string | undefined {
  const mark = rewriteMark(state, facts);
  const isReady = facts.isRolledOut && state.providers[0] === targetIn(state, asked);
  return isReady && state.rewritten !== mark && facts.rewritten !== mark ? mark : undefined;
}

/** Whether every Secret is written as asked, and nothing else can be read but what was never encrypted. Pure. */
export function isSettled(
  state: EncryptionState,
  asked: AskedPlaneEncryption | undefined,
  facts: EncryptionFacts,
): boolean {
  const { providers, rewritten } = state;
  const fewest = asked === undefined ? 1 : 2;
  return (
    facts.isRolledOut &&
    providers.length === fewest &&
    providers[0] === targetIn(state, asked) &&
    rewritten === rewriteMark(state, facts)
  );
}

function rewriteMark({ providers }: EncryptionState, { restoredAt }: EncryptionFacts): string {
  const [head] = providers;
  const name = typeof head === 'object' ? `${head.provider}:${head.name}` : 'identity';
  return restoredAt === '' ? name : `${name} ${restoredAt}`;
}

/** What is to write; undefined where there is no such key yet. */
function targetIn(
  { providers }: EncryptionState,
  asked: AskedPlaneEncryption | undefined,
): Provider | undefined {
  if (asked === undefined) return providers.find((one) => one === 'identity');
  const { provider = DEFAULTS.provider, keyName = DEFAULTS.keyName } = asked;
  return providers.find(
    (one) => one !== 'identity' && one.provider === provider && one.name.slice(0, -(DIGITS + 1)) === keyName,
  );
}

function newKey(
  { provider = DEFAULTS.provider, keyName = DEFAULTS.keyName }: AskedPlaneEncryption,
  { newSecret }: EncryptionFacts,
): EncryptionKey {
  const secret = newSecret();
  return { provider, name: `${keyName}-${shortHash(secret, DIGITS)}`, secret };
}
