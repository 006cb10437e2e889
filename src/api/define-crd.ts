import { z } from 'zod';
import type { Kind } from '../kube/kind.ts';
import type { AnyObject, Json } from '../kube/object.ts';
import type { JsonObject } from './json-schema.ts';
import { CATEGORY } from './names.ts';
import { toStructural } from './structural-schema.ts';

/** On our CRDs: an uninstall by Helm leaves them, for with them would go every object. */
const KEEP_ANNOTATION = 'helm.sh/resource-policy';

/** A printer column of apiextensions/v1; `kubectl` prints the name in capitals. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly description?: string;
  /** 0 is always shown, above it only with `-o wide`. */
  readonly priority?: number;
}

/** A rule over a whole object in CEL; of its metadata only the name is seen. */
export interface CrdRule {
  readonly rule: string;
  readonly message: string;
}

export interface CrdDefinition {
  readonly kind: Kind;
  readonly shortNames: readonly string[];
  readonly description: string;
  /** JSON Schemas or zod's; the latter are compiled. */
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  readonly specRequired: boolean;
  readonly rules?: readonly CrdRule[];
  readonly columns: readonly Column[];
  /** What the API server tells whoever asks for the kind. */
  readonly warning?: string;
  /** Its status is filled in while it is created: the server would drop that of a subresource. */
  readonly isAnswer?: boolean;
}

/** Columns that every kind of ours ends with. */
export const AGE_COLUMN: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
export const READY_COLUMN: Column = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether the object is as its spec says.',
};

/** meta/v1 Condition, as every status of ours carries it. */
export const conditionSchema = z.object({
  type: z.string().describe('What the condition tells of: Ready, Reconciling, Stalled.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z.string().describe('One word for programs.'),
  message: z.string().describe('One sentence for people: what is the case and what to do.'),
  lastTransitionTime: z.string().meta({ format: 'date-time' }).describe('When status changed last.'),
  observedGeneration: z.int().optional().describe('The generation of the object that this speaks of.'),
});

/** The list of conditions with Kubernetes' merge key. */
export const conditionsSchema = z
  .array(conditionSchema)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .describe('State in the form that kubectl wait and GitOps tools read.');

/** Any JSON object, kept as it is. */
export const anyObjectSchema = z
  .custom<JsonObject>()
  .meta({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });

/** A zod schema as the structural schema that the API server takes. */
export function structuralOf(schema: z.ZodType): JsonObject {
  const json = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      // What `custom` accepts is unknown to zod; `meta` says it instead.
      if (zodSchema._zod.def.type === 'custom')
        Object.assign(jsonSchema, z.globalRegistry.get(zodSchema) ?? {});
    },
  });
  const { schema: structural, notEnforced } = toStructural(json as Json, { origin: 'own' }); // true: JSON by contract
  if (notEnforced.length > 0) {
    throw new Error(`our own schema has no structural form: ${JSON.stringify(notEnforced)}`);
  }
  return structural;
}

/** The CRD manifest of one of our kinds. */
export function defineCrd(definition: CrdDefinition): AnyObject {
  const { kind } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${kind.plural}.${kind.group}`,
      annotations: { [KEEP_ANNOTATION]: 'keep' },
    },
    spec: {
      group: kind.group,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
        // What only warns is in nobody's list of everything.
        ...(definition.warning === undefined ? { categories: [CATEGORY] } : {}),
      },
      versions: [
        {
          name: kind.version,
          served: true,
          storage: true,
          ...(definition.warning === undefined
            ? {}
            : { deprecated: true, deprecationWarning: definition.warning }),
          ...(definition.isAnswer === true ? {} : { subresources: { status: {} } }),
          additionalPrinterColumns: definition.columns,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: definition.description,
              ...(definition.specRequired ? { required: ['spec'] } : {}),
              ...(definition.rules === undefined ? {} : { 'x-kubernetes-validations': definition.rules }),
              properties: {
                ...typeMeta,
                spec: structuralOf(definition.spec),
                status: structuralOf(definition.status),
              },
            },
          },
        },
      ],
    },
  };
}

/** apiVersion, kind and metadata, described for `kubectl explain`. */
export const typeMeta: JsonObject = {
  apiVersion: { type: 'string', description: 'API group and version of this object.' },
  kind: { type: 'string', description: 'Kind of this object.' },
  metadata: { type: 'object' },
};
