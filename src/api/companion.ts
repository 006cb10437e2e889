import type { KubeObject } from '../kube/object.ts';
import { SERVICE_UID_LABEL } from './names.ts';

/** The kind that a ResourcePolicy or ResourceMonitor speaks of, as its `spec.resource` names it. */
interface Subject {
  readonly kind?: string | undefined;
  readonly group?: string | undefined;
  readonly version?: string | undefined;
}

/** A ResourcePolicy or a ResourceMonitor: what a provider lays over the composition of a service in the same namespace. */
export interface Companion extends KubeObject {
  readonly spec?: { readonly resource?: Subject | undefined };
}

/** Whether the operator wrote it out of a composition. An admission policy lets nobody else set the label. */
export function isRecord({ metadata }: KubeObject): boolean {
  return metadata.labels?.[SERVICE_UID_LABEL] !== undefined;
}

/** Whether a companion speaks of this kind. KubePlus's examples carry empty strings where nothing is meant. */
export function speaksOf(
  { spec }: Companion,
  resource: { readonly kind: string; readonly group: string; readonly version: string },
): boolean {
  const { kind, group, version } = spec?.resource ?? {};
  const leavesOpen = (text: string | undefined, own: string): boolean =>
    text === undefined || text === '' || text === own;
  return kind === resource.kind && leavesOpen(group, resource.group) && leavesOpen(version, resource.version);
}

/**
 * The companion that counts for a kind, among those of its composition's namespace: of several the oldest, so that a new one never takes
 * over by itself. What is being deleted counts no more.
 */
export function companionFor<T extends Companion>(
  resource: Parameters<typeof speaksOf>[1],
  all: readonly T[],
): T | undefined {
  const [oldest] = all
    .filter((one) => !isRecord(one) && one.metadata.deletionTimestamp === undefined)
    .filter((one) => speaksOf(one, resource))
    .toSorted((a, b) => compare(ageOf(a), ageOf(b)));
  return oldest;
}

/** Times of creation have whole seconds: names decide between those of the same one. */
function ageOf({ metadata }: KubeObject): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Maps laid over each other field by field; what is empty says nothing. */
export function layOver<T extends Layer>(under: T | undefined, over: T | undefined): T {
  const result: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over ?? {})) {
    if (value === undefined || value === '') continue;
    const before = result[key];
    result[key] = isLayer(value) ? layOver(isLayer(before) ? before : undefined, value) : value;
  }
  return result as T; // true: every field is one of the two maps', which are of this type
}

type Layer = Readonly<Record<string, unknown>>;

function isLayer(value: unknown): value is Layer {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
