import { z } from 'zod';

/** What a quota may count beside processors and memory, with words for people. */
const COUNTS = {
  'requests.storage': 'Sum of the storage that claims ask for',
  persistentvolumeclaims: 'Claims',
  pods: 'Pods that have not ended',
  services: 'Services',
  'services.loadbalancers': 'Services of type LoadBalancer',
  'services.nodeports': 'Ports of nodes that Services take',
  secrets: 'Secrets',
  configmaps: 'ConfigMaps',
  'count/deployments.apps': 'Deployments',
  'count/statefulsets.apps': 'StatefulSets',
  'count/jobs.batch': 'Jobs',
  'count/cronjobs.batch': 'CronJobs',
} as const;

type CountKey = keyof typeof COUNTS;

/** Keys of a ResourceQuota that each stand by themselves; Kubernetes quantities. */
export type QuotaCounts = Readonly<Partial<Record<CountKey, string | undefined>>>;

// True: the record's keys are the constant's.
export const COUNT_KEYS = Object.keys(COUNTS) as readonly CountKey[];

/** One optional field for each key. */
export const countFields = (of: z.ZodString = z.string()): Record<CountKey, z.ZodOptional<z.ZodString>> => {
  const fields = COUNT_KEYS.map((key) => [
    key,
    of.optional().describe(`${COUNTS[key]} at most, a Kubernetes quantity. Default: not counted.`),
  ]);
  // True: there is one entry for each key.
  return Object.fromEntries(fields) as Record<CountKey, z.ZodOptional<z.ZodString>>;
};
