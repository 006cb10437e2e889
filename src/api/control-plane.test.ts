import { describe, expect, it } from 'vitest';
import { controlPlaneCrd, namespaceOfPlane } from './control-plane.ts';

/** As KubeFlex has them. */
const SPEC = [
  'backend',
  'bootstrapSecretRef',
  'globalVars',
  'postCreateHook',
  'postCreateHookVars',
  'postCreateHooks',
  'tokenExpirationSeconds',
  'type',
  'waitForPostCreateHooks',
];
const STATUS = [
  'conditions',
  'observedGeneration',
  'postCreateHookCompleted',
  'postCreateHooks',
  'secretRef',
];

describe('ControlPlane', () => {
  it('has every field of KubeFlex’s, its names and columns', () => {
    const text = JSON.stringify(controlPlaneCrd());
    // True: defineCrd makes it so.
    const { spec } = JSON.parse(text) as {
      spec: {
        names: { plural: string; shortNames: string[] };
        scope: string;
        versions: {
          additionalPrinterColumns: { name: string }[];
          schema: { openAPIV3Schema: { properties: Record<string, { properties: object }> } };
        }[];
      };
    };
    const [version] = spec.versions;
    const fields = (part: string): string[] =>
      Object.keys(version?.schema.openAPIV3Schema.properties[part]?.properties ?? {});

    expect(spec).toMatchObject({
      scope: 'Cluster',
      names: { plural: 'controlplanes', shortNames: ['cp', 'cps'] },
    });
    expect(version?.additionalPrinterColumns.map(({ name }) => name)).toEqual([
      'Synced',
      'Ready',
      'Type',
      'Version',
      'Age',
    ]);
    expect(SPEC.filter((name) => !fields('spec').includes(name))).toEqual([]);
    expect(STATUS.filter((name) => !fields('status').includes(name))).toEqual([]);
  });

  it('has a namespace by KubeFlex’s rule', () => {
    expect(namespaceOfPlane({ metadata: { name: 'cp1' } })).toBe('cp1-system');
  });
});
