import {
  EXTERNAL_POLICY,
  INSTANCE_CLUSTER_ROLE,
  INSTANCE_UID_LABEL,
  RESTRICT_POLICY,
  SERVICE_CLUSTER_ROLE_PREFIX,
} from '../../api/names.ts';
import type { AnyObject } from '../../kube/object.ts';
import type { Application } from './find-application.ts';

/** A row of `kubectl appresources`: namespace, kind, name. */
export type ResourceRow = readonly [namespace: string, kind: string, name: string];

/**
 * The order that KubePlus's users know: what the chart brought, in Helm's order, then pods, network policies and quotas. Kinds that are not
 * named come behind the chart's others.
 */
const CHART_ORDER = [
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'PersistentVolumeClaim',
  'Role',
  'RoleBinding',
  'Service',
  'DaemonSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'Ingress',
];
const LAST = ['Pod', 'NetworkPolicy', 'ResourceQuota', 'LimitRange'];
/** Kinds of which everything in the namespace belongs to the application, whoever made it. */
const ALL_OF = new Set(['Pod', 'NetworkPolicy', 'ResourceQuota', 'PersistentVolumeClaim']);

/** What an application consists of: the instance, then everything in its namespace that was made for it. */
export function resourceRows(
  { kind, instance }: Pick<Application, 'kind' | 'instance'>,
  objects: readonly AnyObject[],
): readonly ResourceRow[] {
  const { metadata } = instance;
  const rows = objects
    .filter((object) => belongs(object, metadata.uid))
    .sort(
      (one, other) =>
        rank(one) - rank(other) ||
        compare(one.kind, other.kind) ||
        compare(one.metadata.name, other.metadata.name),
    )
    .map((object): ResourceRow => [object.metadata.namespace ?? '', object.kind, object.metadata.name]);
  return [[metadata.namespace ?? '', kind.kind, metadata.name], ...rows];
}

function belongs({ kind, metadata }: AnyObject, uid: string | undefined): boolean {
  if (ALL_OF.has(kind)) return true;
  if (uid === undefined || metadata.labels?.[INSTANCE_UID_LABEL] !== uid) return false;
  // What controllers make carries the labels of its template: replica sets, jobs of cron jobs.
  if (metadata.ownerReferences?.some(({ controller }) => controller === true) === true) return false;
  // Every namespace has it; only a setting of it is ours.
  return !(kind === 'ServiceAccount' && metadata.name === 'default');
}

/** The chart's objects first, then what runs, then what keeps it in its place. */
function rank({ kind, metadata }: AnyObject): number {
  const last = LAST.indexOf(kind);
  if (last >= 0) return 200 + last * 2 + (isOfOperator(kind, metadata.name) ? 1 : 0);
  if (isOfOperator(kind, metadata.name)) return 300;
  const place = CHART_ORDER.indexOf(kind);
  return place >= 0 ? place : 100;
}

function isOfOperator(kind: string, name: string): boolean {
  if (kind === 'RoleBinding')
    return name === INSTANCE_CLUSTER_ROLE || name.startsWith(SERVICE_CLUSTER_ROLE_PREFIX);
  return kind === 'NetworkPolicy' && (name === RESTRICT_POLICY || name.startsWith(EXTERNAL_POLICY));
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Columns of at least so many letters, one space between, as KubePlus prints them: scripts cut them by place or by spaces. */
export function fixedTable(width: number, rows: readonly (readonly string[])[], end = ''): string {
  return rows.map((row) => `${row.map((cell) => cell.padEnd(width)).join(' ')}${end}\n`).join('');
}
