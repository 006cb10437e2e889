import {
  EXTERNAL_POLICY,
  INSTANCE_CLUSTER_ROLE,
  READER_CLUSTER_ROLE,
  RESTRICT_POLICY,
  SERVICE_CLUSTER_ROLE_PREFIX,
} from '../../api/names.ts';
import { INSTANCE_RULES, rulesAllow } from '../../api/instance-rules.ts';
import type { RevisionSpec } from '../../api/revision.ts';
import { groupKindOf, type Kind } from '../../kube/kind.ts';
import type { AnyObject } from '../../kube/object.ts';
import type { SourcedObject } from './manifests.ts';

/** Why an object of a rendering may not be written. */
export type ScopeReason = 'KindNotAllowed' | 'KindNotServed' | 'ChartInvalid';

export interface ScopeFinding {
  readonly reason: ScopeReason;
  readonly message: string;
}

/** Answers which kind an apiVersion and a kind name are in this cluster; undefined if it is not served. */
export type KindLookup = (apiVersion: string, kind: string) => Kind | undefined;

export interface ScopeContext {
  /** Namespace of the instance. */
  readonly target: string;
  readonly release: string;
  readonly revision: Pick<RevisionSpec, 'kinds' | 'rules' | 'policies'>;
  readonly kindOf: KindLookup;
}

/** An object that may be written: its kind is known, its namespace is the instance's. */
export interface ScopedObject extends SourcedObject {
  readonly kind: Kind;
}

/** Helm keeps its releases in Secrets of this type; a chart that wrote one could forge its own history. */
const RELEASE_TYPE = 'helm.sh/release.v1';
const RELEASE_PREFIX = 'sh.helm.release.v1.';

/**
 * Checks every rendering before its first write, for templates behind `if` show other objects with other values than at
 * registration. All findings at once; with one finding nothing is written.
 */
export function checkScope<T extends SourcedObject>(
  objects: readonly T[],
  context: ScopeContext,
): { readonly objects: readonly (T & ScopedObject)[]; readonly findings: readonly ScopeFinding[] } {
  const findings: ScopeFinding[] = [];
  const scoped: (T & ScopedObject)[] = [];
  const seen = new Map<string, string>();
  for (const one of objects) {
    const kind = context.kindOf(one.object.apiVersion, one.object.kind);
    const finding = kind === undefined ? notServed(one) : findingOf(one, kind, context);
    if (finding !== undefined) findings.push(finding);
    if (kind === undefined || finding !== undefined) continue;
    const key = `${groupKindOf(kind)} ${one.object.metadata.name}`;
    const other = seen.get(key);
    if (other !== undefined) {
      findings.push(invalid(one, `is rendered twice, also by ${other}; a release holds an object once`));
    }
    seen.set(key, one.source);
    scoped.push({ ...one, kind, object: inNamespace(one.object, kind, context.target) });
  }
  return { objects: scoped, findings };
}

function inNamespace(object: AnyObject, kind: Kind, target: string): AnyObject {
  return kind.namespaced ? { ...object, metadata: { ...object.metadata, namespace: target } } : object;
}

function findingOf(one: SourcedObject, kind: Kind, context: ScopeContext): ScopeFinding | undefined {
  const { metadata } = one.object;
  if (typeof metadata.name !== 'string' || metadata.name === '') {
    return invalid(one, 'has only a generateName; an object of a release needs a name to be found again');
  }
  if ((metadata.ownerReferences ?? []).length > 0) {
    return notAllowed(
      one,
      'names owners in metadata.ownerReferences; an object of a release belongs to its instance. Remove them from the template',
    );
  }
  if (isReserved(one.object, kind, context.release)) {
    return notAllowed(
      one,
      'has a name that belongs to the isolation of the instance; rename it in the chart',
    );
  }
  return kind.namespaced ? namespacedFinding(one, kind, context) : clusterFinding(one, kind, context);
}

function namespacedFinding(one: SourcedObject, kind: Kind, context: ScopeContext): ScopeFinding | undefined {
  const { namespace } = one.object.metadata;
  if (namespace !== undefined && namespace !== '' && namespace !== context.target) {
    return notAllowed(
      one,
      `is meant for namespace ${namespace}; an instance writes only to its own, ${context.target}. Remove metadata.namespace from the template or use .Release.Namespace`,
    );
  }
  const { revision } = context;
  const registered = revision.kinds.some(({ apiVersion, kind: name }) => {
    const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [''];
    return name === kind.kind && group === kind.group;
  });
  const what = { group: kind.group, resource: kind.plural, verb: 'create' };
  if (registered || rulesAllow(INSTANCE_RULES, what) || rulesAllow(revision.rules, what)) return undefined;
  return notAllowed(
    one,
    'is of a kind that the chart did not render when it was registered and that the service has no right to write. Add an example with these values to the ResourceComposition, so that the right can be granted',
  );
}

function clusterFinding(one: SourcedObject, kind: Kind, context: ScopeContext): ScopeFinding | undefined {
  if (kind.group === '' && kind.kind === 'Namespace') {
    return notAllowed(one, 'is a Namespace; Namespace object is not allowed in the chart');
  }
  const name = groupKindOf(kind);
  // Names are written `group/Kind`, and `Kind` for the core group: the same as groupKindOf.
  if (context.revision.policies.allowedClusterKinds.includes(name)) return undefined;
  return notAllowed(
    one,
    `belongs to no namespace; the ResourceComposition would have to allow ${name} in policies.allowedClusterKinds`,
  );
}

function isReserved({ metadata, ...object }: AnyObject, kind: Kind, release: string): boolean {
  const { name } = metadata;
  switch (groupKindOf(kind)) {
    case 'networking.k8s.io/NetworkPolicy':
      return name === RESTRICT_POLICY || name === EXTERNAL_POLICY || name.startsWith(`${EXTERNAL_POLICY}-`);
    case 'ResourceQuota':
    case 'LimitRange':
      return name === release;
    case 'rbac.authorization.k8s.io/RoleBinding':
      return (
        name === INSTANCE_CLUSTER_ROLE ||
        name === READER_CLUSTER_ROLE ||
        name.startsWith(SERVICE_CLUSTER_ROLE_PREFIX)
      );
    case 'Secret':
      return name.startsWith(RELEASE_PREFIX) || object['type'] === RELEASE_TYPE;
    default:
      return false;
  }
}

function notServed(one: SourcedObject): ScopeFinding {
  const { apiVersion, kind } = one.object;
  return {
    reason: 'KindNotServed',
    message: `${nameOf(one)} is of apiVersion ${apiVersion}, kind ${kind}, which this cluster does not serve; install what brings it or switch it off in the values`,
  };
}

function notAllowed(one: SourcedObject, why: string): ScopeFinding {
  return { reason: 'KindNotAllowed', message: `${nameOf(one)} ${why}` };
}

function invalid(one: SourcedObject, why: string): ScopeFinding {
  return { reason: 'ChartInvalid', message: `${nameOf(one)} ${why}` };
}

function nameOf({ object, source }: SourcedObject): string {
  return `${object.kind} ${object.metadata.name ?? object.metadata.generateName} (${source})`;
}
