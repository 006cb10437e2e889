import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { ChartInfo, Rendering } from '../../helm/rendering.ts';
import { manifestText, type ReleaseRecord } from '../../helm/release.ts';
import { encodeRelease } from '../../helm/release-secret.ts';
import { sha256 } from '../../lib/hash.ts';
import { formatTime } from '../../kube/conditions.ts';
import type { AnyObject, KubeObject } from '../../kube/object.ts';
import type { Desired } from './desired.ts';
import { splitManifests } from './manifests.ts';
import type { Values } from './values.ts';

/** On release Secrets: the digest of the inputs, to know whether what is kept is what is wanted. */
export const INPUTS_LABEL = 'tenantry.dev/inputs';
/** On release Secrets: digests of the objects. Here and not on the namespace: who reads this reads the values anyway. */
export const HASHES_ANNOTATION = 'tenantry.dev/objects';

/** A release with everything that is needed to write it, as often as it takes: nothing is rendered twice. */
export interface KeptRelease extends Desired {
  readonly record: ReleaseRecord;
  /** Digest of what it was rendered from. */
  readonly inputs: string;
  /** Digests of its objects by entry key. */
  readonly hashes: Readonly<Record<string, string>>;
  /** Digest of what it renders to: two renderings of the same inputs may differ. */
  readonly content: string;
  /** Its objects' pod templates are left as they were found. */
  readonly asFound?: true | undefined;
  /** Its Secret as it was read or written last; undefined if there is none as far as is known. */
  readonly secret?: SecretVersion | undefined;
}

/** Which state of a Secret is meant. */
export interface SecretVersion {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

export function versionOf({ metadata: { uid, resourceVersion } }: KubeObject): SecretVersion {
  return { uid, resourceVersion };
}

/** What a new release's record is made of. */
export interface RecordFacts {
  readonly name: string;
  readonly namespace: string;
  readonly number: number;
  readonly isUpgrade: boolean;
  readonly chart: ChartInfo;
  readonly values: Values;
  readonly rendering: Rendering;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** RFC 3339, of the first release; now if this is it. */
  readonly firstDeployed?: string | undefined;
}

/** The record of a release that is about to be written. The chart's files are left out: they lie in the cluster by digest. */
export function pendingRecord(facts: RecordFacts): ReleaseRecord {
  const time = formatTime(facts.now);
  return {
    name: facts.name,
    namespace: facts.namespace,
    version: facts.number,
    info: {
      firstDeployed: facts.firstDeployed ?? time,
      lastDeployed: time,
      description: facts.isUpgrade ? 'Preparing upgrade' : 'Initial install underway',
      status: facts.isUpgrade ? 'pending-upgrade' : 'pending-install',
      notes: facts.rendering.notes,
    },
    chart: { metadata: facts.chart.metadata, values: facts.chart.values, templates: [], files: [] },
    config: facts.values,
    manifest: manifestText(facts.rendering.manifests),
    hooks: facts.rendering.hooks,
    applyMethod: 'ssa',
  };
}

/** The rendering that a record keeps. */
export function renderingOf(record: ReleaseRecord): Rendering {
  return {
    manifests: splitManifests(record.manifest),
    hooks: record.hooks,
    notes: record.info.notes,
    volatile: [],
  };
}

/** Digest of everything in a record that leads to writes. */
export function contentDigest({ manifest, hooks }: Pick<ReleaseRecord, 'manifest' | 'hooks'>): string {
  const written = hooks.map(({ source, content, events, weight, deletePolicies }) => [
    source,
    content,
    events,
    weight,
    deletePolicies,
  ]);
  return sha256(JSON.stringify([manifest, written]));
}

/** The Secret that keeps a release. */
export function releaseSecret(
  release: Pick<KeptRelease, 'record' | 'inputs' | 'hashes'>,
  ownerUid: string,
  now: number,
): AnyObject {
  const labels = { [INSTANCE_UID_LABEL]: ownerUid, [INPUTS_LABEL]: release.inputs };
  const secret = encodeRelease(release.record, { modifiedAt: now, labels });
  const annotations = { [HASHES_ANNOTATION]: JSON.stringify(release.hashes) };
  return { ...secret, metadata: { ...secret.metadata, annotations } };
}

/** The digests that a release Secret carries; none for one that somebody else wrote. */
export function hashesOn(secret: KubeObject | undefined): Readonly<Record<string, string>> {
  const text = secret?.metadata.annotations?.[HASHES_ANNOTATION];
  if (text === undefined) return {};
  try {
    const hashes = JSON.parse(text) as unknown;
    // Written by `releaseSecret`; whatever else it holds is compared with digests and equals none.
    return typeof hashes === 'object' && hashes !== null ? (hashes as Record<string, string>) : {};
  } catch {
    return {};
  }
}
