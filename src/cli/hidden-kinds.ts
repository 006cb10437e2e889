/** Kinds that a sentence names; a user with few rights would be told forty. */
const MAX_NAMED = 6;

/** `Pod, Secret and 3 more kinds`: kinds that a user may not list, the same text for the same kinds. */
export function describeHidden(kinds: readonly string[]): string {
  const sorted = kinds.toSorted();
  const named = sorted.slice(0, MAX_NAMED).join(', ');
  const others = sorted.length - MAX_NAMED;
  return others > 0 ? `${named} and ${others} more kind${others === 1 ? '' : 's'}` : named;
}
