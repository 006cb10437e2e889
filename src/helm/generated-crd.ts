import { AGE_COLUMN, READY_COLUMN, typeMeta, type Column } from '../api/define-crd.ts';
import { instanceSettingsSchema, instanceStatusSchema } from '../api/instance-schema.ts';
import type { JsonObject } from '../api/json-schema.ts';
import {
  CATEGORY,
  MANAGED_BY_VALUE,
  REGISTERED_BY_LABEL,
  RELEASE_NAME_ANNOTATION,
  SERVICE_UID_LABEL,
} from '../api/names.ts';
import type { RevisionSpec } from '../api/revision.ts';
import type { AnyObject } from '../kube/object.ts';

/** Annotation of KubePlus: where the sample object of a kind is kept. */
const USAGE_ANNOTATION = 'resource/usage';
/** Annotation of KubePlus: how objects of an instance are found. */
const RELATIONSHIP_ANNOTATION = 'resource/annotation-relationship';

export interface GeneratedCrd {
  readonly resource: RevisionSpec['resource'];
  /** UID of the composition. */
  readonly serviceUid: string;
  /** Structural schema of `spec`. */
  readonly spec: JsonObject;
  /** What the chart is, for `kubectl explain`. */
  readonly description: string;
  /** Kinds that the chart renders, for KubePlus's annotation. */
  readonly kinds: readonly string[];
}

const COLUMNS: readonly Column[] = [
  READY_COLUMN,
  {
    name: 'Version',
    type: 'string',
    jsonPath: '.status.version',
    description: 'Version of the chart that runs.',
  },
  {
    name: 'Namespace',
    type: 'string',
    jsonPath: '.status.namespace',
    description: 'Namespace of the instance.',
  },
  AGE_COLUMN,
  {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'Why it is ready or not.',
    priority: 1,
  },
  { name: 'URL', type: 'string', jsonPath: '.status.url', description: 'Where it answers.', priority: 1 },
];

/** The CRD of a service: `spec` is the chart's values, ours is beside it. Pure. */
export function generatedCrd(input: GeneratedCrd): AnyObject {
  const { resource } = input;
  const singular = resource.kind.toLowerCase();
  const related = [...new Set([...input.kinds, 'Namespace'])].join(';');
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${resource.plural}.${resource.group}`,
      labels: { [REGISTERED_BY_LABEL]: MANAGED_BY_VALUE, [SERVICE_UID_LABEL]: input.serviceUid },
      annotations: {
        [USAGE_ANNOTATION]: `${singular}-usage.spec`,
        [RELATIONSHIP_ANNOTATION]: `on:${related}, key:${RELEASE_NAME_ANNOTATION}, value:${singular}-INSTANCE.metadata.name`,
      },
    },
    spec: {
      group: resource.group,
      scope: 'Namespaced',
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular,
        categories: [CATEGORY],
      },
      versions: [
        {
          name: resource.version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: COLUMNS,
          schema: { openAPIV3Schema: rootSchema(input) },
        },
      ],
    },
  };
}

function rootSchema(input: GeneratedCrd): JsonObject {
  return {
    type: 'object',
    description:
      input.description === '' ? `An instance of the service ${input.resource.kind}.` : input.description,
    properties: {
      ...typeMeta,
      spec: input.spec,
      tenantry: instanceSettingsSchema(),
      status: instanceStatusSchema(),
    },
  };
}

/** Lines of a sample that are kept; a ConfigMap holds 1 MiB and nobody reads more. */
const MAX_SAMPLE_BYTES = 512 * 1024;

/** KubePlus's ConfigMap `<kindlower>-usage`: a sample object made of the chart's values file, comments and all. */
export function usageConfigMap(
  input: Pick<GeneratedCrd, 'resource' | 'serviceUid'> & {
    readonly namespace: string;
    readonly valuesYaml: string;
  },
): AnyObject {
  const { resource } = input;
  const singular = resource.kind.toLowerCase();
  const values = input.valuesYaml
    .slice(0, MAX_SAMPLE_BYTES)
    .split('\n')
    .map((line) => (line.trim() === '' ? '' : `  ${line}`))
    .join('\n');
  const sample = `apiVersion: ${resource.group}/${resource.version}\nkind: ${resource.kind}\nmetadata:\n  name: sample-${singular}\nspec:\n${values}`;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `${singular}-usage`,
      namespace: input.namespace,
      labels: { [SERVICE_UID_LABEL]: input.serviceUid },
    },
    data: { spec: sample },
  };
}
