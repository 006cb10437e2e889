/** What the path of a request names. */
export type Target =
  | { readonly type: 'version' | 'health' | 'core' | 'groups' }
  | { readonly type: 'openapi'; readonly group: string; readonly version: string }
  | { readonly type: 'resources'; readonly group: string; readonly version: string }
  | {
      readonly type: 'objects';
      readonly group: string;
      readonly version: string;
      readonly namespace: string | undefined;
      readonly plural: string;
      readonly name: string | undefined;
      readonly subresource: string;
    };

/** Takes a path apart; undefined if nothing is served there. */
export function parsePath(path: string): Target | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const [root, ...rest] = parts;
  if (root === 'version') return { type: 'version' };
  if (root === 'healthz' || root === 'readyz' || root === 'livez') return { type: 'health' };
  if (root === 'api') {
    const [version, ...below] = rest;
    return version === undefined
      ? { type: 'core' }
      : below.length === 0
        ? { type: 'resources', group: '', version }
        : objects('', version, below);
  }
  if (root === 'openapi') {
    const [v3, apis, group, version, ...below] = rest;
    const isGroup = v3 === 'v3' && apis === 'apis' && below.length === 0;
    return isGroup && group !== undefined && version !== undefined
      ? { type: 'openapi', group, version }
      : undefined;
  }
  if (root !== 'apis') return undefined;
  const [group, version, ...below] = rest;
  if (group === undefined) return { type: 'groups' };
  if (version === undefined) return undefined;
  return below.length === 0 ? { type: 'resources', group, version } : objects(group, version, below);
}

function objects(group: string, version: string, parts: readonly string[]): Target {
  // `/namespaces/x/status` and `/namespaces/x` are about the Namespace itself, `/namespaces/x/pods` is inside it.
  const [first, second, third, ...more] = parts;
  const inside =
    first === 'namespaces' &&
    third !== undefined &&
    !(group === '' && (third === 'status' || third === 'finalize'));
  const [plural = '', name, ...sub] = inside ? [third, ...more] : parts;
  return {
    type: 'objects',
    group,
    version,
    namespace: inside ? second : undefined,
    plural,
    name,
    subresource: sub.join('/'),
  };
}
