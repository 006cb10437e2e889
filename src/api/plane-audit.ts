import { z } from 'zod';

/** Larger files are found by nobody; more of them are a disk of their own. */
const MAX_SIZE_MIB = 1024;
const MAX_BACKUPS = 50;
const MAX_AGE_DAYS = 3650;

/** What holds where nobody says. */
export const AUDIT_DEFAULTS = {
  level: 'Metadata',
  output: 'stdout',
  maxSizeMiB: 100,
  maxBackups: 4,
} as const;
/** On a ConfigMap of the operator's namespace that planes may take their audit policy from; and its key. */
export const AUDIT_POLICY_LABEL = 'tenantry.dev/audit-policy';
export const AUDIT_POLICY_KEY = 'policy.yaml';

/** `spec.audit` of a plane: who asked its API for what. */
export const planeAuditSchema = z
  .object({
    level: z
      .enum(['Metadata', 'Request', 'RequestResponse'])
      .optional()
      .describe(
        'How much is kept of each request: who asked for what; also what was sent; also what was answered. Of Secrets, ConfigMaps and tokens it is never more than Metadata. Default: Metadata.',
      ),
    policyConfigMap: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe(
        `Instead of level: ConfigMap in the operator's namespace, labelled ${AUDIT_POLICY_LABEL}=true, whose key ${AUDIT_POLICY_KEY} holds a policy of Kubernetes (audit.k8s.io/v1).`,
      ),
    output: z
      .enum(['stdout', 'volume'])
      .optional()
      .describe(
        "Where the log goes. stdout: the log of the API server's container. volume: files on a volume of the plane, for one API server. Default: stdout.",
      ),
    maxSizeMiB: z
      .int()
      .min(1)
      .max(MAX_SIZE_MIB)
      .optional()
      .describe('Size of a file on the volume; then a new one is begun. Default: 100.'),
    maxBackups: z
      .int()
      .min(1)
      .max(MAX_BACKUPS)
      .optional()
      .describe('Full files that are kept on the volume; the oldest goes. Default: 4.'),
    maxAgeDays: z
      .int()
      .min(1)
      .max(MAX_AGE_DAYS)
      .optional()
      .describe('Days that a full file is kept at most. Default: until there are too many.'),
  })
  .meta({
    'x-kubernetes-validations': [
      {
        rule: '!has(self.level) || !has(self.policyConfigMap)',
        message: 'audit: level and policyConfigMap exclude each other; name one of them',
      },
      {
        rule: "has(self.output) && self.output == 'volume' || !has(self.maxSizeMiB) && !has(self.maxBackups) && !has(self.maxAgeDays)",
        message:
          'audit: maxSizeMiB, maxBackups and maxAgeDays are for output volume; what goes to stdout is kept by the node',
      },
    ],
  })
  .describe('Has the API server keep a log of who asked for what. Default: none.');

/** The same as read. */
export type AskedPlaneAudit = z.infer<typeof planeAuditSchema>;
