import { INSTANCE_UID_LABEL, RELEASE_NAME_ANNOTATION } from '../../api/names.ts';
import type { InstanceRevision } from '../../api/revision.ts';
import type { AnyObject } from '../../kube/object.ts';
import { shortHash } from '../../lib/hash.ts';
import { fillResources } from './fill-resources.ts';
import type { ScopedHook } from './hooks.ts';
import { entryKey } from './inventory.ts';
import type { ParsedRendering } from './manifests.ts';
import { mapContainers, mapPodTemplate } from './pod-templates.ts';
import { withPodSettings } from './pod-settings.ts';
import type { Identity } from './policies.ts';
import { checkScope, type KindLookup, type ScopedObject, type ScopeFinding } from './scope.ts';

/** What a release should be: its objects and hooks as they are written. */
export interface Desired {
  readonly objects: readonly ScopedObject[];
  readonly hooks: readonly ScopedHook[];
}

/** What objects are made with besides the rendering. */
export interface DesiredContext {
  readonly identity: Identity;
  readonly revision: Pick<InstanceRevision['spec'], 'kinds' | 'rules' | 'policies'>;
  readonly nodeName: string | undefined;
  readonly kindOf: KindLookup;
  /** A release that is taken over: its pods go on as they are, so nothing is added to their templates. */
  readonly asFound?: boolean;
}

/** As Helm marks what belongs to a release: a stock helm recognises the objects by these. */
const HELM_NAMESPACE_ANNOTATION = 'meta.helm.sh/release-namespace';
const HELM_LABELS = { 'app.kubernetes.io/managed-by': 'Helm' };
/** Digits of an object's hash: it is compared with one other, of the same object. */
const HASH_LENGTH = 16;

/** Makes the objects of a rendering out of it: scope checked, owner marked, pods set up and resources filled in. Pure. */
export function desiredOf(
  rendering: ParsedRendering,
  context: DesiredContext,
): { readonly desired: Desired; readonly findings: readonly ScopeFinding[] } {
  const { identity, revision, nodeName, kindOf, asFound = false } = context;
  const scope = { target: identity.target, release: identity.release, revision, kindOf };
  const objects = checkScope(rendering.objects, scope);
  const hooks = checkScope(rendering.hooks, scope);
  const findings = [...objects.findings, ...hooks.findings];

  const settings = { ...revision.policies, instanceUid: identity.uid, nodeName };
  const prepared = (object: AnyObject): AnyObject =>
    withOwner(withPodSettings(withEncodedData(object), settings), identity);
  if (asFound) {
    const found = objects.objects.map((one) => ({
      ...one,
      object: withOwner(withEncodedData(one.object), identity),
    }));
    const later = hooks.objects.map((one) => ({ ...one, object: withLastWords(prepared(one.object)) }));
    return { desired: { objects: found, hooks: later }, findings };
  }
  const filled = fillResources(
    objects.objects.map(({ object }) => prepared(object)),
    hooks.objects.map(({ object }) => withLastWords(prepared(object))),
    revision.policies.fillResources ? revision.policies.quota : undefined,
  );
  return {
    desired: {
      objects: objects.objects.map((one, i) => ({ ...one, object: filled.objects[i] ?? one.object })),
      hooks: hooks.objects.map((one, i) => ({ ...one, object: filled.hooks[i] ?? one.object })),
    },
    findings,
  };
}

function withOwner(object: AnyObject, identity: Identity): AnyObject {
  const { metadata } = object;
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...HELM_LABELS, [INSTANCE_UID_LABEL]: identity.uid },
      annotations: {
        ...metadata.annotations,
        [RELEASE_NAME_ANNOTATION]: identity.release,
        [HELM_NAMESPACE_ANNOTATION]: identity.target,
      },
    },
  };
}

/**
 * A Secret's `stringData` as the `data` that the server makes of it. Server-side apply counts the two as different fields,
 * so a key that leaves `stringData` in a later release would otherwise stay in `data` for ever.
 */
function withEncodedData(object: AnyObject): AnyObject {
  const { stringData, ...secret } = object;
  if (object.apiVersion !== 'v1' || object.kind !== 'Secret' || !isTexts(stringData)) return object;
  const encoded = Object.entries(stringData).map(([key, text]) => [
    key,
    Buffer.from(text).toString('base64'),
  ]);
  const data = isTexts(secret['data']) ? secret['data'] : {};
  return { ...secret, data: { ...data, ...Object.fromEntries(encoded) } };
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

/** The end of a failing hook's log becomes its message: that is what the instance's condition repeats. */
function withLastWords(object: AnyObject): AnyObject {
  return mapPodTemplate(object, (template) =>
    mapContainers(template, (container) => ({
      terminationMessagePolicy: 'FallbackToLogsOnError',
      ...container,
    })),
  );
}

/** Digests of objects by entry key: what did not change from one release to the next is not written. */
export function hashesOf(objects: readonly ScopedObject[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    objects.map(({ kind, object }) => [
      entryKey({ kind, name: object.metadata.name }),
      shortHash(JSON.stringify(object), HASH_LENGTH),
    ]),
  );
}
