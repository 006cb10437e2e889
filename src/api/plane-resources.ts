import { z } from 'zod';

/** Of text that is a quantity; the API server itself takes no longer ones apart. */
const MAX_QUANTITY = 32;
const quantity = (text: string) =>
  z
    .string()
    .max(MAX_QUANTITY)
    .regex(/^[0-9]+(\.[0-9]+)?([EPTGM]i?|Ki|[munk])?$/)
    .optional()
    .describe(text);
const amounts = (text: string) =>
  z
    .object({
      cpu: quantity('Processor time, a Kubernetes quantity such as 500m.'),
      memory: quantity('Memory, a Kubernetes quantity such as 512Mi.'),
    })
    .optional()
    .describe(text);

/** A limit below the request: no pod would be made, and only its ReplicaSet would say why. */
const fits = (of: 'cpu' | 'memory') => {
  const [request, limit] = [`self.requests.${of}`, `self.limits.${of}`];
  return {
    rule: `!has(self.requests) || !has(self.limits) || !has(${request}) || !has(${limit}) || quantity(${request}).compareTo(quantity(${limit})) <= 0`,
    message: `requests.${of} is more than limits.${of}; raise the limit or lower the request`,
  };
};

const ofOne = (text: string) =>
  z
    .object({
      requests: amounts(
        'What is kept free for each of its pods. A limit without a request is the request, too.',
      ),
      limits: amounts('What each of its pods may use at most. Default: no limit.'),
    })
    .meta({ 'x-kubernetes-validations': [fits('cpu'), fits('memory')] })
    .optional()
    .describe(text);

/** `spec.resources` of a plane: what its programs need. */
export const planeResourcesSchema = z
  .object({
    apiServer: ofOne('Of API servers. Default: requests of 50m and 192Mi.'),
    controllerManager: ofOne('Of controllers. Default: requests of 20m and 96Mi.'),
    etcd: ofOne('Of members of an etcd of its own. Default: requests of 20m and 48Mi.'),
  })
  .describe('What the pods of each program need.');

/** The same as read. */
export type AskedPlaneResources = z.infer<typeof planeResourcesSchema>;
