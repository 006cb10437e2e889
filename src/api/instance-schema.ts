import { z } from 'zod';
import { conditionsSchema, structuralOf } from './define-crd.ts';
import { ISOLATION_CONTROLS } from './instance.ts';
import type { JsonObject } from './json-schema.ts';

/** A UUID in text. */
const MAX_UID_LENGTH = 36;
/** A DNS label, as namespaces and releases are called. */
const MAX_NAME_LENGTH = 63;
/** SHA-256 in hexadecimal digits. */
const DIGEST_LENGTH = 64;
/** Peers of an instance; each is a rule in its network policy, and policies are read by every node. */
const MAX_TRAFFIC_PEERS = 32;

const adoptedSchema = z.object({
  namespace: z.string().max(MAX_NAME_LENGTH).describe('Namespace of the release; it becomes the instance’s.'),
  release: z.string().max(MAX_NAME_LENGTH).describe('Name of the Helm release.'),
  revision: z.int().min(1).describe('Number of the release that was looked at.'),
  content: z
    .string()
    .max(DIGEST_LENGTH)
    .describe('Digest of what that release holds; another one is not taken over.'),
});

const settingsSchema = z.object({
  deletionProtection: z
    .boolean()
    .optional()
    .describe('While true, deleting the instance is refused. Default: false.'),
  valuesFrom: z
    .array(
      z.object({
        secretName: z.string().describe("Secret in the instance object's namespace."),
        key: z.string().optional().describe('Key that holds the values as YAML. Default: values.yaml.'),
      }),
    )
    .max(16)
    .optional()
    .describe(
      'Values from Secrets, merged over spec in order; for what must not stand in the object. A change of a Secret is noticed within five minutes.',
    ),
  trafficWith: z
    .record(z.string(), z.string().max(MAX_UID_LENGTH).describe('UID of the instance, as its metadata says.'))
    .meta({ maxProperties: MAX_TRAFFIC_PEERS })
    .optional()
    .describe(
      'Instances that traffic is agreed with: namespace that holds the instance, and its UID. Opens the doors of this instance only; packets pass when the other one names this one, too. kubectl allow network traffic writes both.',
    ),
  adopted: adoptedSchema
    .optional()
    .describe(
      'The Helm release that the instance takes over. `tenantry adopt` writes it, and hands over the namespace; by itself it gives no right to one.',
    ),
});

const statusSchema = z.object({
  conditions: conditionsSchema.optional(),
  observedGeneration: z.int().optional().describe('The generation of the spec that the status speaks of.'),
  helmrelease: z
    .string()
    .optional()
    .describe('As in KubePlus: <namespace>:<release>, then the notes or the error.'),
  error: z.string().optional().describe('What went wrong last, as in KubePlus.'),
  namespace: z.string().optional().describe('Namespace that holds the instance.'),
  revision: z.string().optional().describe('Name of the Revision that runs.'),
  version: z.string().optional().describe('Version of the chart that runs.'),
  release: z.int().optional().describe("Helm's number of the release."),
  isolation: z
    .object(
      Object.fromEntries(
        ISOLATION_CONTROLS.map((control) => [
          control,
          z.boolean().optional().describe(`Whether this control is in force; absent: it is not asked for.`),
        ]),
      ),
    )
    .optional()
    .describe('What keeps the instance apart from others; `tenantry isolation` tells more, and tries it.'),
  url: z.string().optional().describe('Where the instance answers, if that can be told.'),
});

/** Our part of a generated kind, the object `tenantry` beside `spec`. */
export const instanceSettingsSchema = (): JsonObject =>
  structuralOf(settingsSchema.describe('Settings that are not values of the chart.'));

/** Status of a generated kind. */
export const instanceStatusSchema = (): JsonObject =>
  structuralOf(statusSchema.describe('What became of the instance; written by the operator only.'));
