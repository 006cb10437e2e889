import { z } from 'zod';

/** A name stands before every value in the store. */
const MAX_KEY_NAME = 40;

/** `spec.encryption` of a plane: its Secrets are kept encrypted in its store. */
export const planeEncryptionSchema = z
  .object({
    provider: z
      .enum(['secretbox', 'aescbc'])
      .optional()
      .describe(
        'How: secretbox is XSalsa20 with Poly1305, which also tells a value that was tampered with; aescbc is AES in CBC mode. Default: secretbox.',
      ),
    keyName: z
      .string()
      .max(MAX_KEY_NAME)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
      .optional()
      .describe(
        'Name of the key, which Tenantry makes. Another name has another key made, every Secret written anew with it, and the old key forgotten. Default: first.',
      ),
  })
  .describe(
    "Has the plane's Secrets encrypted in its store. Turned on, off or with another key later, those that exist are rewritten. Default: they are not.",
  );

/** The same as read. */
export type AskedPlaneEncryption = z.infer<typeof planeEncryptionSchema>;
