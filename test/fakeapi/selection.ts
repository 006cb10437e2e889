import { matchesRequirements, parseSelector } from '../../src/kube/selector.ts';
import { isMap, mapAt, type Stored } from './json.ts';
import { StatusError } from './status-error.ts';
import { namespaceOf } from './store.ts';

/** Which objects a list or watch asks for. */
export type Selects = (object: Stored) => boolean;

export function selection(query: URLSearchParams, namespace: string | undefined): Selects {
  const labels = parseSelector(query.get('labelSelector') ?? '');
  if (labels === undefined)
    throw new StatusError('BadRequest', `unable to parse requirement: ${query.get('labelSelector')}`);
  const fields = parseFields(query.get('fieldSelector') ?? '');
  return (object) =>
    (namespace === undefined || namespaceOf(object) === namespace) &&
    // True: labels are texts, or the API would not have stored them.
    matchesRequirements(labels, mapAt(object.metadata, 'labels') as Record<string, string>) &&
    fields.every(({ path, value, equal }) => (fieldText(object, path) === value) === equal);
}

function parseFields(text: string): { path: readonly string[]; value: string; equal: boolean }[] {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const match = /^([A-Za-z0-9.]+)(==|=|!=)(.*)$/.exec(part);
    if (match === null) throw new StatusError('BadRequest', `invalid field selector: ${part}`);
    const [, path = '', operator, value = ''] = match;
    return { path: path.split('.'), value, equal: operator !== '!=' };
  });
}

function fieldText(object: Stored, path: readonly string[]): string {
  const value = path.reduce<unknown>((node, key) => (isMap(node) ? node[key] : undefined), object);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
