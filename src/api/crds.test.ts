import { describe, expect, it } from 'vitest';
import { structuralViolations } from '../../test/unit/structural-check.ts';
import type { AnyObject, Json } from '../kube/object.ts';
import { crdManifests } from './crds.ts';
import { instanceSettingsSchema, instanceStatusSchema } from './instance-schema.ts';
import { isJsonObject, type JsonObject } from './json-schema.ts';

interface CrdShape {
  spec: {
    group: string;
    names: { kind: string; plural: string; shortNames: string[]; categories: string[] };
    versions: {
      subresources: JsonObject;
      schema: { openAPIV3Schema: JsonObject };
      additionalPrinterColumns: JsonObject[];
    }[];
  };
}
const shapeOf = (crd: AnyObject): CrdShape => crd as unknown as CrdShape;
const schemaOf = (crd: AnyObject): JsonObject => shapeOf(crd).spec.versions[0]?.schema.openAPIV3Schema ?? {};

/** Paths of fields without a description. */
function undescribed(schema: Json, path: string): string[] {
  if (!isJsonObject(schema)) return [];
  const own = typeof schema['description'] === 'string' || path === '.metadata' ? [] : [path];
  const properties = isJsonObject(schema['properties']) ? Object.entries(schema['properties']) : [];
  return [...own, ...properties.flatMap(([name, child]) => undescribed(child, `${path}.${name}`))];
}

/** Whether the schema has a field at a path. */
function has(schema: Json, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return true;
  const properties = isJsonObject(schema) ? schema['properties'] : undefined;
  return isJsonObject(properties) && properties[name] !== undefined && has(properties[name], rest);
}

describe('our CRDs', () => {
  it.each(crdManifests().map((crd) => [crd.metadata.name, crd] as const))(
    '%s is structural and explained',
    (_name, crd) => {
      expect(structuralViolations(schemaOf(crd))).toEqual([]);
      expect(undescribed(schemaOf(crd), '')).toEqual([]);
    },
  );

  it.each(crdManifests().map((crd) => [crd.metadata.name, crd] as const))(
    '%s has a status subresource, a category, short names and an age',
    (name, crd) => {
      const { spec } = shapeOf(crd);

      // The status of an answer is written while it is created, which a server lets nobody do with a subresource.
      const subresources = name === 'usagereviews.tenantry.dev' ? undefined : { status: {} };
      expect(spec.versions[0]?.subresources).toEqual(subresources);
      // A list of everything would warn each time.
      expect(spec.names.categories).toEqual(name.startsWith('resourceevents.') ? undefined : ['tenantry']);
      expect(spec.names.shortNames.length).toBeGreaterThan(0);
      expect(spec.versions[0]?.additionalPrinterColumns.at(-1)?.['name']).toBe('Age');
    },
  );

  it('warns of the kind that has no effect, and of no other', () => {
    const warned = crdManifests().filter((crd) => JSON.stringify(crd).includes('deprecationWarning'));

    expect(warned.map(({ metadata }) => metadata.name)).toEqual(['resourceevents.workflows.kubeplus']);
  });

  it('gives no short name twice, nor one that is a plural', () => {
    const names = crdManifests().flatMap((crd) => [
      shapeOf(crd).spec.names.plural,
      ...shapeOf(crd).spec.names.shortNames,
    ]);

    expect(new Set(names).size).toBe(names.length);
  });

  it("has every field of KubePlus's ResourceComposition", () => {
    const composition = crdManifests().find((crd) => crd.metadata.name.startsWith('resourcecompositions'));
    const fields = [
      'newResource.resource.kind',
      'newResource.resource.group',
      'newResource.resource.version',
      'newResource.resource.plural',
      'newResource.chartURL',
      'newResource.chartName',
      'respolicy.apiVersion',
      'respolicy.kind',
      'respolicy.metadata.name',
      'respolicy.spec.resource.kind',
      'respolicy.spec.policy.podconfig.limits.cpu',
      'respolicy.spec.policy.podconfig.requests.memory',
      'respolicy.spec.policy.podconfig.nodeSelector',
      'resmonitor.metadata.name',
      'resmonitor.spec.resource.group',
      'resmonitor.spec.monitorRelationships',
      'resmonitor.spec.appEndpoints.endpoint',
    ];

    const missing = fields.filter(
      (field) => !has(schemaOf(composition as AnyObject), ['spec', ...field.split('.')]),
    );

    expect(missing).toEqual([]);
    for (const key of ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']) {
      expect(
        has(schemaOf(composition as AnyObject), ['spec', 'respolicy', 'spec', 'policy', 'quota', key]),
      ).toBe(true);
    }
  });
});

describe('the parts of a generated kind', () => {
  it('are structural and explained', () => {
    for (const schema of [instanceSettingsSchema(), instanceStatusSchema()]) {
      expect(structuralViolations(schema)).toEqual([]);
      expect(undescribed(schema, '')).toEqual([]);
    }
  });
});
