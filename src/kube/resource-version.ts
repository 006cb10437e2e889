/**
 * True if one version is older than another. Versions of one API server are whole numbers that only grow; where one is
 * missing or no number nothing is said, and callers take what comes.
 */
export function isOlderVersion(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined || !isVersion(one) || !isVersion(other)) return false;
  // Without leading zeros the longer number is the larger one; as numbers they would be rounded above 2^53.
  return one.length === other.length ? one < other : one.length < other.length;
}

function isVersion(text: string): boolean {
  return /^[1-9]\d*$/.test(text);
}
