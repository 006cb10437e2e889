import { isJsonObject, type JsonObject } from '../api/json-schema.ts';
import type { Client } from '../client/client.ts';
import type { Kind } from '../kube/kind.ts';
import type { Json } from '../kube/object.ts';

/** Bytes of a group's OpenAPI document: a group with hundreds of services has some MiB. */
const MAX_BYTES = 32 * 1024 * 1024;

/** The schema of a kind's values (`spec`), as everybody may read it; undefined where the server tells none. */
export async function valuesSchemaOf(
  client: Pick<Client, 'raw'>,
  kind: Kind,
): Promise<JsonObject | undefined> {
  const path = `/openapi/v3/apis/${kind.group}/${kind.version}`;
  const { text } = await client.raw({ method: 'GET', path, maxBytes: MAX_BYTES });
  return valuesSchemaIn(JSON.parse(text), kind);
}

/** Finds it by group, version and kind, which the document says of each schema. Pure. */
export function valuesSchemaIn(document: unknown, kind: Kind): JsonObject | undefined {
  const schemas = at(document, 'components', 'schemas');
  if (!isJsonObject(schemas)) return undefined;
  const found = Object.values(schemas).find((schema) => isOf(schema, kind));
  const spec = at(found, 'properties', 'spec');
  return isJsonObject(spec) ? spec : undefined;
}

function isOf(schema: Json, kind: Kind): boolean {
  const names = at(schema, 'x-kubernetes-group-version-kind');
  return (
    Array.isArray(names) &&
    names.some(
      (name) =>
        isJsonObject(name) &&
        name['group'] === kind.group &&
        name['version'] === kind.version &&
        name['kind'] === kind.kind,
    )
  );
}

function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (isJsonObject(inner) ? inner[key] : undefined), value);
}
