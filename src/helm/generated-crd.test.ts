import { describe, expect, it } from 'vitest';
import { structuralViolations } from '../../test/unit/structural-check.ts';
import type { JsonObject } from '../api/json-schema.ts';
import { parseYaml } from '../kube/yaml.ts';
import { generatedCrd, usageConfigMap } from './generated-crd.ts';
import { inferSchema } from './infer-schema.ts';

const resource = {
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind: 'HelloWorldService',
  plural: 'helloworldservices',
};

describe('generatedCrd', () => {
  const crd = generatedCrd({
    resource,
    serviceUid: 'u1',
    spec: inferSchema({ greeting: 'hello' }),
    description: 'Says hello.',
    kinds: ['Service', 'Deployment', 'Service'],
  });
  const spec = crd['spec'] as {
    names: JsonObject;
    versions: { schema: { openAPIV3Schema: JsonObject }; additionalPrinterColumns: JsonObject[] }[];
  };

  it("carries KubePlus's label and annotations", () => {
    expect(crd.metadata.name).toBe('helloworldservices.platformapi.kubeplus');
    expect(crd.metadata.labels?.['registered-by']).toBe('kubeplus');
    expect(crd.metadata.annotations).toEqual({
      'resource/usage': 'helloworldservice-usage.spec',
      'resource/annotation-relationship':
        'on:Service;Deployment;Namespace, key:meta.helm.sh/release-name, value:helloworldservice-INSTANCE.metadata.name',
    });
    expect(spec.names).toMatchObject({
      listKind: 'HelloWorldServiceList',
      singular: 'helloworldservice',
      categories: ['tenantry'],
    });
  });

  it('is structural, with spec, our own object and status', () => {
    const root = spec.versions[0]?.schema.openAPIV3Schema ?? {};

    expect(structuralViolations(root)).toEqual([]);
    expect(Object.keys(root['properties'] as object)).toEqual([
      'apiVersion',
      'kind',
      'metadata',
      'spec',
      'tenantry',
      'status',
    ]);
  });

  it('prints readiness, version, namespace and age', () => {
    const shown = spec.versions[0]?.additionalPrinterColumns.filter(
      (column) => column['priority'] === undefined,
    );

    expect(shown?.map((column) => column['name'])).toEqual(['Ready', 'Version', 'Namespace', 'Age']);
  });
});

describe('usageConfigMap', () => {
  it('holds an object that can be applied', () => {
    const map = usageConfigMap({
      resource,
      serviceUid: 'u1',
      namespace: 'ns',
      valuesYaml: '# Text.\ngreeting: hello\n\nnested:\n  a: 1\n',
    });

    expect(map.metadata.name).toBe('helloworldservice-usage');
    const sample = (map['data'] as Record<string, string>)['spec'] ?? '';
    expect(sample).toContain('  # Text.\n');
    expect(parseYaml(sample)).toEqual({
      apiVersion: 'platformapi.kubeplus/v1alpha1',
      kind: 'HelloWorldService',
      metadata: { name: 'sample-helloworldservice' },
      spec: { greeting: 'hello', nested: { a: 1 } },
    });
  });
});
