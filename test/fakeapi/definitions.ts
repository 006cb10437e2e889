import { isMap, listAt, mapAt, stringAt, type JsonMap } from './json.ts';
import type { Resource } from './resources.ts';
import { notImplemented } from './status-error.ts';
import { invalid } from './write-errors.ts';

/** Formats a real server checks or does not know; every other one it enforces and the fake can't. */
const FREE_FORMATS = new Set(['int32', 'int64', 'float', 'double', 'date-time', 'password']);

/** Refuses definitions whose kinds the fake would serve unlike a real server. */
export function checkDefinition(resource: Resource, name: string, spec: JsonMap): void {
  if (stringAt(mapAt(spec, 'conversion'), 'strategy') === 'Webhook')
    throw notImplemented('conversion webhooks of definitions');
  const expected = `${String(mapAt(spec, 'names')['plural'])}.${String(spec['group'])}`;
  if (name !== expected) {
    const message = `Invalid value: "${name}": must be spec.names.plural+"."+spec.group`;
    throw invalid(resource, name, [{ field: 'metadata.name', message }]);
  }
  listAt(spec, 'versions')
    .filter(isMap)
    .forEach((version, at) => {
      if (version['selectableFields'] !== undefined) throw notImplemented('selectableFields of definitions');
      if (mapAt(version, 'subresources')['scale'] !== undefined)
        throw notImplemented('the scale subresource of definitions');
      const schema = mapAt(mapAt(version, 'schema'), 'openAPIV3Schema');
      refuseKeywords(schema);
      const [violation] = structuralViolations(schema, '');
      if (violation !== undefined) {
        const field = `spec.versions[${at}].schema.openAPIV3Schema`;
        throw invalid(resource, name, [{ field, message: `Invalid value: ${violation}` }]);
      }
    });
}

/** Keywords no definition may have. */
const FORBIDDEN = [
  '$ref',
  'definitions',
  'dependencies',
  'deprecated',
  'id',
  'patternProperties',
  'readOnly',
];

/** What makes a schema no structural one, so that a real server would not take it. */
function structuralViolations(schema: JsonMap, path: string): string[] {
  const at = path === '' ? 'the root' : path;
  const found = FORBIDDEN.filter((keyword) => keyword in schema).map(
    (keyword) => `${at}: ${keyword} is forbidden`,
  );
  const free =
    schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-int-or-string'] === true;
  if (typeof schema['type'] !== 'string' && (!free || path === ''))
    found.push(`${at}: type must not be empty`);
  if (path === '' && schema['type'] !== 'object') found.push(`${at}: type must be object`);
  if (schema['uniqueItems'] === true) found.push(`${at}: uniqueItems cannot be set to true`);
  if (schema['properties'] !== undefined && schema['additionalProperties'] !== undefined)
    found.push(`${at}: additionalProperties and properties are mutually exclusive`);
  if (schema['type'] === 'array' && !isMap(schema['items'])) found.push(`${at}: items must be specified`);
  const { items, additionalProperties } = schema;
  const children = Object.entries(mapAt(schema, 'properties')).map(
    ([name, child]) => [`${path}.${name}`, child] as const,
  );
  for (const [below, child] of [
    ...children,
    [`${path}[]`, items] as const,
    [`${path}.*`, additionalProperties] as const,
  ])
    if (isMap(child)) found.push(...structuralViolations(child, below));
  return found;
}

function refuseKeywords(schema: unknown): void {
  if (Array.isArray(schema)) schema.forEach(refuseKeywords);
  if (!isMap(schema)) return;
  if (schema['x-kubernetes-embedded-resource'] === true)
    throw notImplemented('x-kubernetes-embedded-resource');
  const { format } = schema;
  if (typeof format === 'string' && typeof schema['type'] === 'string' && !FREE_FORMATS.has(format))
    throw notImplemented(`format ${format} in a definition`);
  Object.values(schema).forEach(refuseKeywords);
}

/** True if a schema holds CEL rules, which the fake can't evaluate. */
export function hasCelRules(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.some(hasCelRules);
  if (!isMap(schema)) return false;
  return 'x-kubernetes-validations' in schema || Object.values(schema).some(hasCelRules);
}
