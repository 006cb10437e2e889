import { z } from 'zod';

const MAX_TOLERATIONS = 16;
const MAX_NAME = 253;

const tolerationSchema = z.object({
  key: z.string().max(317).optional().describe('Key of the taint. Default: all keys.'),
  operator: z.enum(['Exists', 'Equal']).optional().describe('How the value is compared. Default: Equal.'),
  value: z.string().max(63).optional().describe('Value of the taint.'),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
    .optional()
    .describe('Effect of the taint. Default: all effects.'),
});

/** Where and how the pods of instances run: what services and plans both may say. */
export const podControls = {
  nodePool: z
    .object({
      nodeSelector: z
        .record(z.string(), z.string())
        .optional()
        .describe('Labels of the nodes; set on every pod over what the chart says.'),
      tolerations: z
        .array(tolerationSchema)
        .max(MAX_TOLERATIONS)
        .optional()
        .describe('Taints of these nodes that pods tolerate; added to every pod.'),
    })
    .optional()
    .describe('Nodes that the pods of instances run on.'),
  nodes: z
    .enum(['shared', 'exclusive'])
    .optional()
    .describe(
      'exclusive: no node runs pods of an instance and of another one; each needs a node of its own. Default: shared.',
    ),
  runtimeClass: z
    .string()
    .min(1)
    .max(MAX_NAME)
    .optional()
    .describe(
      'RuntimeClass of every pod, over what the chart says: gVisor or Kata Containers, for instance. Default: as the chart says.',
    ),
};

const podControlsSchema = z.object(podControls);

/** The same, resolved. */
export interface PodControls {
  readonly nodePool?: NonNullable<z.infer<typeof podControlsSchema>['nodePool']>;
  /** Two instances never share a node. */
  readonly nodes?: 'exclusive';
  readonly runtimeClass?: string;
}

/** What one text says and another one over it: fields that are not set say nothing, and `exclusive` is not taken back. */
export function podControlsOf(
  ...layers: readonly (z.infer<typeof podControlsSchema> | PodControls | undefined)[]
): PodControls {
  const pools = layers.flatMap((layer) => layer?.nodePool ?? []);
  const runtimeClass = layers.findLast((layer) => layer?.runtimeClass !== undefined)?.runtimeClass;
  return {
    ...(pools.length === 0 ? {} : { nodePool: joined(pools) }),
    ...(layers.some((layer) => layer?.nodes === 'exclusive') ? { nodes: 'exclusive' } : {}),
    ...(runtimeClass === undefined ? {} : { runtimeClass }),
  };
}

type Pool = NonNullable<PodControls['nodePool']>;

/** A node must have the labels of all; of two values for one label the later counts. */
function joined(pools: readonly Pool[]): Pool {
  const selectors = pools.flatMap(({ nodeSelector }) => (nodeSelector === undefined ? [] : [nodeSelector]));
  const tolerations = pools.flatMap((pool) => pool.tolerations ?? []);
  return {
    ...(selectors.length === 0
      ? {}
      : { nodeSelector: Object.fromEntries(selectors.flatMap(Object.entries<string>)) }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
  };
}
