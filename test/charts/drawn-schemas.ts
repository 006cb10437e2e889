import * as fc from 'fast-check';
import type { JsonObject } from '../../src/api/json-schema.ts';
import type { Json } from '../../src/kube/object.ts';
import { valuesSchemas } from './random-schemas.ts';
import { anyValue, valuesBySchema } from './schema-values.ts';

/** A schema with values of which most fit it. */
export interface DrawnSchema {
  readonly schema: JsonObject;
  readonly values: readonly Json[];
}

const drawn: fc.Arbitrary<DrawnSchema> = valuesSchemas.chain((schema) =>
  fc.record({
    schema: fc.constant(schema),
    values: fc.array(
      fc.oneof(
        { arbitrary: valuesBySchema(schema), weight: 4 },
        {
          arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'x1'), anyValue, { maxKeys: 3 }),
          weight: 1,
        },
      ),
      { minLength: 8, maxLength: 8 },
    ),
  }),
);

/** `count` schemas with eight values each, the same for the same seed. */
export function drawSchemas(seed: number, count: number): readonly DrawnSchema[] {
  return fc.sample(drawn, { seed, numRuns: count });
}
