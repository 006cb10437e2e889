import { Ajv2019 } from 'ajv/dist/2019.js';
import { describe, expect, it } from 'vitest';
import { toStructural } from '../../src/api/structural-schema.ts';
import { drawSchemas } from '../charts/drawn-schemas.ts';
import { unnamedRules } from '../charts/named-rules.ts';
import { brokenRules } from '../charts/schema-judge.ts';
import { storedBy } from '../charts/structural-server.ts';
import { structuralViolations } from './structural-check.ts';

/** To see a failure again or to draw more: SCHEMA_SEED=7 SCHEMA_RUNS=500 npx vitest run --project unit test/unit/values-schema-properties.test.ts */
const seed = Number(process.env['SCHEMA_SEED'] ?? 20_261_121);
const numRuns = Number(process.env['SCHEMA_RUNS'] ?? 40);

const ajv = new Ajv2019({ strict: false, validateFormats: false, logger: false });

/** Drawn once for all properties: drawing takes longer than judging. */
const samples = drawSchemas(seed, numRuns);

describe(`a compiled values schema, seed ${seed}`, { timeout: 120_000 }, () => {
  it('is what a server takes, and the judge of these tests agrees with ajv', () => {
    for (const { schema, values } of samples) {
      expect(structuralViolations(toStructural(schema).schema)).toEqual([]);
      const validate = ajv.compile(schema);
      for (const value of values) {
        expect(validate(value), JSON.stringify(value)).toBe(brokenRules(schema, value).length === 0);
      }
    }
  });

  it('admits nothing that the schema refuses, but by a rule that is named as not enforced', () => {
    let refused = 0;
    for (const { schema, values } of samples) {
      const { schema: compiled, notEnforced } = toStructural(schema);
      for (const value of values) {
        const stored = storedBy(compiled, value);
        if (stored === undefined) refused++;
        else
          expect({ schema, stored, unnamed: unnamedRules(schema, stored, notEnforced) }).toMatchObject({
            unnamed: [],
          });
      }
    }
    // A compiler that leaves everything out would pass the rest.
    expect(refused).toBeGreaterThan(numRuns);
  });

  it('refuses nothing and drops nothing that the schema accepts', () => {
    let accepted = 0;
    for (const { schema, values } of samples) {
      const { schema: compiled } = toStructural(schema);
      for (const value of values.filter((one) => brokenRules(schema, one).length === 0)) {
        accepted++;
        expect({ schema, stored: storedBy(compiled, value) }).toEqual({ schema, stored: value });
      }
    }
    expect(accepted).toBeGreaterThan(numRuns / 2);
  });
});
