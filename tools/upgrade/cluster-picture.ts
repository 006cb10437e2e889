import type { Client } from '../../src/client/client.ts';
import type { Discovery } from '../../src/client/discovery.ts';
import { preferred } from '../../src/client/find-kinds.ts';
import { groupKindOf, type Kind } from '../../src/kube/kind.ts';
import { isKubeError } from '../../src/kube/kube-error.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { mapLimit } from '../../src/lib/limit.ts';
import { pause } from '../bench/wait-for.ts';

/** Every object of the cluster by `group/Kind namespace/name`. */
export type Picture = ReadonlyMap<string, AnyObject>;

/** What changes by itself in a cluster at rest: who leads, what happened, how nodes are. */
const RESTLESS = new Set(['Event', 'events.k8s.io/Event', 'coordination.k8s.io/Lease', 'Node']);
/** Readings that are served like objects. */
const METRICS_GROUP = /(?:^|\.)metrics\.k8s\.io$/;
const PARALLEL = 8;
/** A cluster in which nothing was written for so long is through with what it was told. */
const QUIET_MS = 6_000;
const SETTLED_MS = 180_000;

/** Lists everything. */
export async function takePicture(client: Client, discovery: Discovery): Promise<Picture> {
  discovery.invalidate();
  const kinds = preferred(await discovery.resources()).filter(
    (kind) =>
      kind.verbs.includes('list') && !RESTLESS.has(groupKindOf(kind)) && !METRICS_GROUP.test(kind.group),
  );
  const lists = await mapLimit(kinds, PARALLEL, async ({ group, version, kind, plural, namespaced }) => {
    const listed: Kind<AnyObject> = { group, version, kind, plural, namespaced };
    try {
      const { items } = await client.list(listed);
      return items.map(
        (object) =>
          [
            `${groupKindOf(listed)} ${object.metadata.namespace ?? ''}/${object.metadata.name}`,
            object,
          ] as const,
      );
    } catch (error) {
      // A kind that went since it was discovered.
      if (isKubeError(error, 'NotFound', 'MethodNotAllowed')) return [];
      throw error;
    }
  });
  return new Map(lists.flat());
}

/** What differs, as `+ key`, `- key` and `~ key`. */
export function differences(before: Picture, after: Picture): readonly string[] {
  const changed = [...after].flatMap(([key, { metadata }]) => {
    const was = before.get(key)?.metadata;
    if (was === undefined) return [`+ ${key}`];
    if (was.uid !== metadata.uid) return [`- ${key}`, `+ ${key}`];
    return was.resourceVersion === metadata.resourceVersion ? [] : [`~ ${key}`];
  });
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key) => `- ${key}`);
  return [...changed, ...gone].toSorted((a, b) => a.localeCompare(b));
}

/** Looks until nothing is written any more; answers what there is then. Fails with what goes on changing. */
export async function settledPicture(client: Client, discovery: Discovery): Promise<Picture> {
  const end = performance.now() + SETTLED_MS;
  for (let before = await takePicture(client, discovery); ;) {
    await pause(QUIET_MS);
    const after = await takePicture(client, discovery);
    const changed = differences(before, after);
    if (changed.length === 0) return after;
    if (performance.now() > end) throw new Error(`the cluster does not come to rest: ${changed.join(', ')}`);
    before = after;
  }
}
