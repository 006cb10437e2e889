import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toStructural } from '../../src/api/structural-schema.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/http-client.ts';
import { loadAccess } from '../../src/client/load-access.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import { generatedCrd } from '../../src/helm/generated-crd.ts';
import { valuesSchemaOf } from '../../src/helm/values-schema.ts';
import { CRD } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject, Json } from '../../src/kube/object.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { deepEqual } from '../../src/lib/deep-equal.ts';
import { CORPUS } from '../charts/corpus.ts';
import { drawSchemas } from '../charts/drawn-schemas.ts';
import { unnamedRules } from '../charts/named-rules.ts';
import { loadFolder } from '../charts/render-both.ts';
import { storedBy } from '../charts/structural-server.ts';
import { startEngine } from '../component/helm-engine.ts';

// What the unit tests assume about the API server's side of a values schema, held to a real one.

const GROUP = 'drawn.example.com';
/** Fixed, so that a change is judged by what it changes; others by SCHEMA_SEED=…. */
const seed = Number(process.env['SCHEMA_SEED'] ?? 178_520);

let client: Client;
let engine: HelmEngine;

beforeAll(async () => {
  const surroundings = nodeSurroundings({ env: process.env, cwd: process.cwd(), clock: systemClock });
  client = createClient(await loadAccess({}, surroundings), { clock: systemClock });
  engine = await startEngine();
});
afterAll(async () => {
  await engine.close();
  await client.close();
});

function crdOf(kind: string, spec: Parameters<typeof generatedCrd>[0]['spec']): AnyObject {
  const resource = { group: GROUP, version: 'v1', kind, plural: `${kind.toLowerCase()}s` };
  return generatedCrd({ resource, serviceUid: 'u', spec, description: '', kinds: [] });
}

describe('a compiled values schema at a real API server', () => {
  it.each(CORPUS.filter(({ name }) => name !== 'broken'))('is taken for $name ($origin)', async (chart) => {
    const { info } = await loadFolder(engine, await chart.folder());
    const { schema } = valuesSchemaOf({ chart: info });

    const created = await client.create(CRD, crdOf('Chart', schema) as never, { dryRun: true });

    expect(created.metadata.name).toBe(`charts.${GROUP}`);
  });

  it(`admits, keeps and refuses as the unit tests say (SCHEMA_SEED=${seed})`, async () => {
    const samples = drawSchemas(seed, 40).map(({ schema, values }) => ({
      schema,
      values,
      ...toCompiled(schema),
    }));
    const properties = Object.fromEntries(samples.map(({ compiled }, index) => [`s${index}`, compiled]));
    const crd = crdOf('Drawn', { type: 'object', properties });
    await client.delete(CRD, { name: crd.metadata.name });
    await client.create(CRD, crd as never);
    try {
      await served();

      const differences: unknown[] = [];
      let refused = 0;
      for (const [index, { schema, values, compiled, notEnforced }] of samples.entries()) {
        const answers = await Promise.all(values.map((value) => tryCreate({ [`s${index}`]: value })));
        for (const [at, value] of values.entries()) {
          const stored = answers[at]?.[`s${index}`];
          if (stored === undefined) refused++;
          const expected = storedBy(compiled, value);
          const unnamed = stored === undefined ? [] : unnamedRules(schema, stored, notEnforced);
          if (!deepEqual(stored, expected) || unnamed.length > 0)
            differences.push({ value, stored, expected, unnamed, compiled });
        }
      }

      expect(differences).toEqual([]);
      // A server that takes everything would show nothing.
      expect(refused).toBeGreaterThan(40);
    } finally {
      await client.delete(CRD, { name: crd.metadata.name });
    }
  });
});

function toCompiled(schema: Parameters<typeof toStructural>[0]): {
  compiled: ReturnType<typeof toStructural>['schema'];
  notEnforced: ReturnType<typeof toStructural>['notEnforced'];
} {
  const { schema: compiled, notEnforced } = toStructural(schema);
  return { compiled, notEnforced };
}

interface Drawn extends AnyObject {
  readonly spec: Readonly<Record<string, Json>>;
}
const DRAWN: Kind<Drawn> = { group: GROUP, version: 'v1', kind: 'Drawn', plural: 'drawns', namespaced: true };

/** The spec as the server would store it; undefined if it is invalid. */
async function tryCreate(spec: Readonly<Record<string, Json>>): Promise<Drawn['spec'] | undefined> {
  const object: Drawn = {
    apiVersion: `${GROUP}/v1`,
    kind: 'Drawn',
    metadata: { name: 'one', namespace: 'default' },
    spec,
  };
  try {
    return (await client.create(DRAWN, object, { dryRun: true })).spec;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'Invalid') return undefined;
    throw error;
  }
}

/** A new kind is served a moment after its CRD was written. */
async function served(): Promise<void> {
  const end = performance.now() + 60_000;
  for (;;) {
    const answer = await tryCreate({}).catch(() => undefined);
    if (answer !== undefined) return;
    if (performance.now() > end) throw new Error('the kind Drawn is not served');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
