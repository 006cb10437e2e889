/**
 * Whether `actual` is as `wanted` says: what the wanted document names has the same value, further fields of maps do not
 * matter (servers add defaults), lists are equal in length and item by item.
 */
export function contains(actual: unknown, wanted: unknown): boolean {
  if (wanted === undefined || actual === wanted) return true;
  if (typeof actual !== 'object' || typeof wanted !== 'object' || actual === null || wanted === null)
    return false;
  if (Array.isArray(wanted) || Array.isArray(actual)) {
    return (
      Array.isArray(wanted) &&
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((item, index) => contains(actual[index], item))
    );
  }
  const fields = new Map<string, unknown>(Object.entries(actual));
  return Object.entries(wanted).every(([name, value]) => contains(fields.get(name), value));
}
