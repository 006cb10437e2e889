import { isJsonObject, type JsonObject } from '../api/json-schema.ts';
import type { Json } from '../kube/object.ts';

/**
 * The operator's image registry as the value that charts read by custom: `global.imageRegistry`. Nothing where none is
 * set, and nothing for a chart whose schema admits no such value: it could not use it, and Helm would refuse to render.
 */
export function registryValues(imageRegistry: string | undefined, schema: Json | undefined): JsonObject {
  if (imageRegistry === undefined) return {};
  const global = admitted(schema, 'global');
  if (global === undefined || admitted(global, 'imageRegistry') === undefined) return {};
  return { global: { imageRegistry } };
}

/** The schema of a property; undefined if there must be no such property. Pattern properties are not looked at. */
function admitted(schema: Json | undefined, name: string): Json | undefined {
  if (!isJsonObject(schema)) return schema === false ? undefined : true;
  const { properties, additionalProperties, unevaluatedProperties } = schema;
  if (isJsonObject(properties) && Object.hasOwn(properties, name)) return properties[name];
  return additionalProperties === false || unevaluatedProperties === false ? undefined : true;
}
