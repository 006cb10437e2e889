import { REVISION, type Revision } from '../../api/revision.ts';
import { SECRET } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { decodeRelease, ReleaseError, releaseSecretName } from '../../helm/release-secret.ts';
import {
  contentDigest,
  hashesOn,
  INPUTS_LABEL,
  renderingOf,
  versionOf,
  type KeptRelease,
} from './kept-release.ts';
import type { Look } from './look.ts';
import { keptRelease } from './render-release.ts';

/** A release as it is kept; `unusable` says that there is none that could be written. */
export type Loaded = KeptRelease | 'unusable';

/** Reads a release Secret as the service's account; undefined if it is gone or no release. */
async function readSecret(look: Look, number: number) {
  const { identity, account, signal } = look;
  try {
    const ref = { namespace: identity.target, name: releaseSecretName(identity.release, number) };
    const secret = await account.find(SECRET, ref, { signal });
    return secret === undefined ? undefined : { secret, record: decodeRelease(secret) };
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    // On deletion the account may have lost its rights; what can't be read is not there for us.
    if (look.deleting && isKubeError(error, 'Forbidden')) return undefined;
    throw error;
  }
}

/** The kept release of a number, from memory or from its Secret: never rendered again. */
export async function loadRelease(look: Look, number: number): Promise<Loaded> {
  const { memories, memory, identity, instance } = look;
  // Another leader may have rendered this number, too: what the inventory names is the one.
  const wanted = look.inventory?.release.number === number ? look.inventory.release.content : undefined;
  const cached = memories.release(identity.uid, number, wanted);
  const recorded = memory.recordOf(number, cached?.content);
  if (cached !== undefined && recorded !== 'unsure') return { ...cached, secret: recorded };
  const revision = revisionOf(look);
  const read = await readSecret(look, number);
  // Else forged by somebody who may write Secrets here but not what a service's account may write, or another leader's.
  const isWanted = read !== undefined && (wanted === undefined || wanted === contentDigest(read.record));
  if (!isWanted || revision === undefined) {
    memory.recorded = undefined;
    return cached === undefined ? 'unusable' : { ...cached, secret: read && versionOf(read.secret) };
  }
  const { secret, record } = read;
  const inputs = secret.metadata.labels?.[INPUTS_LABEL] ?? '';
  const state = look.inventory?.release;
  const asFound = state?.number === number && state.asFound === true ? (true as const) : undefined;
  const task = { instance, identity, revision, inputs, asFound };
  const kept = cached ?? (await keptRelease(look.deps.discovery, record, renderingOf(record), task));
  if ('failure' in kept) return 'unusable';
  const release = { ...kept, secret: versionOf(secret) };
  memory.recorded = { number, content: kept.content, secret: release.secret };
  memories.keep(identity.uid, release);
  return release;
}

/** The release before: only what its record says, to compare with and to mark as superseded. */
export async function loadPrevious(look: Look, number: number): Promise<KeptRelease | undefined> {
  const read = await readSecret(look, number);
  if (read === undefined) return undefined;
  const { secret, record } = read;
  return {
    record,
    inputs: secret.metadata.labels?.[INPUTS_LABEL] ?? '',
    hashes: hashesOn(secret),
    objects: [],
    hooks: [],
    content: contentDigest(record),
    secret: versionOf(secret),
  };
}

/** The revision that the release was made with, or the current one if that is gone. */
export function revisionOf({ inventory, revision, service, read }: Look): Revision | undefined {
  const name = inventory?.release.revision;
  if (name === undefined || name === revision?.metadata.name) return revision;
  return read.stores.get(REVISION, { namespace: service.composition.namespace, name }) ?? revision;
}
