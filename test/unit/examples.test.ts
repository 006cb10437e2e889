import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { isMap, isScalar, parse, parseDocument, type YAMLMap } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '../../examples/multitenancy');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

const Composition = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    newResource: z.object({
      resource: z.object({ kind: z.string(), group: z.string(), version: z.string(), plural: z.string() }),
      chartURL: z.string(),
      chartName: z.string(),
    }),
    respolicy: z.object({
      spec: z.object({ policy: z.object({ quota: z.record(z.string(), z.string()) }) }),
    }),
  }),
});
const Instance = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  spec: z.record(z.string(), z.unknown()),
});
interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const examples = [
  {
    name: 'wordpress',
    composition: 'wordpress-service-composition.yaml',
    instances: ['tenant1.yaml', 'tenant2.yaml'],
  },
  {
    name: 'hello-world',
    composition: 'hello-world-service-composition.yaml',
    instances: ['hs1.yaml', 'hs2.yaml'],
  },
];

/** The paragraph of comment directly above each field of a values file, by path, as one line. */
function comments(map: YAMLMap, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  map.items.forEach((pair, index) => {
    if (!isScalar(pair.key)) return;
    const here = `${path}${String(pair.key.value)}`;
    // The parser hands the comment above a map's first field to the map itself.
    const own = pair.key.commentBefore ?? (index === 0 ? map.commentBefore : undefined);
    const paragraph = own?.split(/\n\s*\n/).at(-1);
    if (paragraph)
      found.set(
        here,
        paragraph
          .split('\n')
          .map((line) => line.trim())
          .join(' '),
      );
    if (isMap(pair.value)) for (const [key, value] of comments(pair.value, `${here}.`)) found.set(key, value);
  });
  return found;
}

function descriptions(schema: Schema, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (property.description !== undefined) found.set(`${path}${name}`, property.description);
    for (const [key, value] of descriptions(property, `${path}${name}.`)) found.set(key, value);
  }
  return found;
}

describe.each(examples)('the example $name', ({ name, composition, instances }) => {
  // JSON Schema's own vocabulary, of which only these two keys are read here.
  const schema = JSON.parse(text(`${name}/chart/values.schema.json`)) as Schema;
  const values: unknown = parse(text(`${name}/chart/values.yaml`));
  const service = Composition.parse(parse(text(`${name}/${composition}`)));
  const accepts = new Ajv2020({ allErrors: true }).compile(schema);

  it('has defaults that its own schema accepts', () => {
    expect(accepts(values), JSON.stringify(accepts.errors)).toBe(true);
  });

  it('says the same in the comments of the values and in the schema', () => {
    const document = parseDocument(text(`${name}/chart/values.yaml`)).contents;
    if (!isMap(document)) throw new TypeError('values.yaml is not a map');
    const said = comments(document);

    for (const [path, description] of descriptions(schema)) {
      expect(said.get(path), path).toBe(description);
    }
    const all = Object.keys(z.record(z.string(), z.unknown()).parse(values));
    expect([...descriptions(schema).keys()].filter((path) => !path.includes('.')).sort()).toEqual(all.sort());
  });

  it('registers the chart under the name that an upload of its folder gives it', () => {
    const chart = z
      .object({ name: z.string(), version: z.string() })
      .parse(parse(text(`${name}/chart/Chart.yaml`)));

    expect(service.spec.newResource.chartName).toBe(chart.name);
    expect(service.spec.newResource.chartURL).toBe(`file:///${chart.name}-${chart.version}.tgz`);
  });

  it('gives all four values of the quota', () => {
    expect(Object.keys(service.spec.respolicy.spec.policy.quota).sort()).toEqual([
      'limits.cpu',
      'limits.memory',
      'requests.cpu',
      'requests.memory',
    ]);
  });

  it.each(instances)(
    'has an instance %s of the registered kind with values that the schema accepts',
    (file) => {
      const instance = Instance.parse(parse(text(`${name}/${file}`)));
      const { group, version, kind } = service.spec.newResource.resource;

      expect(instance).toMatchObject({ apiVersion: `${group}/${version}`, kind });
      // Helm checks the instance's values over the defaults; no instance here goes deeper than one level.
      const merged = { ...z.record(z.string(), z.unknown()).parse(values), ...instance.spec };
      expect(accepts(merged), JSON.stringify(accepts.errors)).toBe(true);
    },
  );
});
