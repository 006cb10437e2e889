import type { AnyObject } from '../../src/kube/object.ts';
import { RELEASE_SELECTOR } from '../../src/helm/release-secret.ts';
import { differences, type Picture } from './cluster-picture.ts';

/** One thing that was asked of a step. */
export interface Finding {
  readonly what: string;
  readonly holds: boolean;
  /** What is not as it should be, or what was looked at. */
  readonly found: string;
}

/** `none of N` where nothing is wrong; a finding that looked at nothing does not hold. */
export const finding = (what: string, lookedAt: number, wrong: readonly string[]): Finding => ({
  what,
  holds: lookedAt > 0 && wrong.length === 0,
  found: wrong.length === 0 ? `${lookedAt} looked at` : wrong.join(', '),
});

const ofKind = (picture: Picture, groupKind: string): readonly (readonly [string, AnyObject])[] =>
  [...picture].filter(([key]) => key.startsWith(`${groupKind} `));

/** How often containers were started anew: what a pod's status says of all of them. */
function restarts(pod: AnyObject): number {
  // As the API server has it.
  const status = (pod['status'] ?? {}) as {
    readonly containerStatuses?: readonly { restartCount: number }[];
  };
  return (status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** What an upgrade of the operator must leave as it was, in namespaces other than the operator's own. */
export function untouched(before: Picture, after: Picture, operatorNamespace: string): readonly Finding[] {
  const isOurs = ([, { metadata }]: readonly [string, AnyObject]): boolean =>
    metadata.namespace === operatorNamespace;
  const others = (groupKind: string) => ofKind(before, groupKind).filter((entry) => !isOurs(entry));
  const changed = (groupKind: string, tell: (object: AnyObject) => unknown): Finding['found'][] =>
    others(groupKind).flatMap(([key, object]) => {
      const now = after.get(key);
      const [was, is] = [tell(object), now && tell(now)].map((value) => JSON.stringify(value));
      return was === is ? [] : [`${key}: ${was} → ${is ?? 'gone'}`];
    });
  const same = (what: string, groupKind: string, tell: (object: AnyObject) => unknown): Finding =>
    finding(what, others(groupKind).length, changed(groupKind, tell));
  const uid = ({ metadata }: AnyObject): unknown => metadata.uid;
  const generation = ({ metadata }: AnyObject): unknown => [metadata.uid, metadata.generation];
  const isRelease = ([, { metadata }]: readonly [string, AnyObject]): boolean =>
    RELEASE_SELECTOR.split(',').every((pair) => {
      const [label = '', value] = pair.split('=');
      return metadata.labels?.[label] === value;
    });
  const releases = (picture: Picture): readonly string[] =>
    ofKind(picture, 'Secret')
      .filter((entry) => isRelease(entry) && !isOurs(entry))
      .map(([key, { metadata }]) => `${key} ${metadata.uid}`);
  const wereReleases = releases(before);
  const areReleases = new Set(releases(after));
  const lost = wereReleases.filter((release) => !areReleases.has(release));
  const added = [...areReleases].filter((release) => !wereReleases.includes(release));
  return [
    same('pods are the same and were not restarted', 'Pod', (pod) => [uid(pod), restarts(pod)]),
    same('Deployments have the same spec', 'apps/Deployment', generation),
    same('StatefulSets have the same spec', 'apps/StatefulSet', generation),
    same('claims are the same', 'PersistentVolumeClaim', uid),
    same('Services have the same spec', 'Service', (service) => [uid(service), service['spec']]),
    finding('releases of instances are the same', wereReleases.length, [
      ...lost.map((release) => `lost ${release}`),
      ...added.map((release) => `new ${release}`),
    ]),
  ];
}

/** Our definitions: each version that objects are stored in is one that is still served. */
export function definitionsFine(picture: Picture, ours: readonly string[]): Finding {
  const wrong = ours.flatMap((name) => {
    const definition = picture.get(definitionKey(name));
    if (definition === undefined) return [`${name} is missing`];
    // By the contract of apiextensions.k8s.io/v1.
    const { spec, status } = definition as AnyObject & {
      readonly spec: { readonly versions: readonly { name: string; served: boolean }[] };
      readonly status: {
        readonly storedVersions: readonly string[];
        readonly conditions: readonly { type: string; status: string }[];
      };
    };
    const served = new Set(spec.versions.filter((version) => version.served).map((version) => version.name));
    const unserved = status.storedVersions.filter((version) => !served.has(version));
    const bad = status.conditions.filter(
      ({ type, status: is }) => (type === 'Established') !== (is === 'True') && type !== 'NamesAccepted',
    );
    return [
      ...unserved.map((version) => `${name} is stored in ${version}, which is not served`),
      ...bad.map(({ type, status: is }) => `${name} is ${type}=${is}`),
    ];
  });
  return finding('definitions are served in the versions that are stored', ours.length, wrong);
}

/** An older version leaves alone what a newer one wrote: objects may use fields that it does not know. */
export function definitionsStay(before: Picture, after: Picture, ours: readonly string[]): Finding {
  const specOf = (picture: Picture, name: string): string =>
    JSON.stringify(picture.get(definitionKey(name))?.['spec']);
  const wrong = ours.filter((name) => specOf(before, name) !== specOf(after, name));
  return finding('definitions are those of the newer version', ours.length, wrong);
}

const definitionKey = (name: string): string => `apiextensions.k8s.io/CustomResourceDefinition /${name}`;

/** Objects that carry the release's marks and are not in what it rendered. What controllers made of them has owners, and their marks. */
export function leftOver(picture: Picture, release: string, rendered: ReadonlySet<string>): Finding {
  const marked = [...picture].filter(
    ([, { metadata }]) =>
      metadata.annotations?.['meta.helm.sh/release-name'] === release &&
      metadata.ownerReferences === undefined,
  );
  const extra = marked.map(([key]) => key).filter((key) => !rendered.has(key));
  return finding('nothing of the earlier release is left over', marked.length, extra);
}

/** Installing what is installed: the release's own record is all that is written. */
export function writesNothing(before: Picture, after: Picture, release: string): Finding {
  const records = new RegExp(`^[+~-] Secret [^/]+/sh\\.helm\\.release\\.v1\\.${release}\\.v\\d+$`);
  const changed = differences(before, after);
  const expected = changed.filter((line) => records.test(line)).length;
  return finding(
    'installing once more writes the release’s record alone',
    expected,
    changed.filter((line) => !records.test(line)),
  );
}
