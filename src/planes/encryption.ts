import { z } from 'zod';
import { shortHash } from '../lib/hash.ts';
import type { Part } from './object-of.ts';
import type { ExtraMount, PlaneSpec } from './plane-spec.ts';
import { secretPart } from './secrets.ts';

const keySchema = z.object({
  provider: z.enum(['secretbox', 'aescbc']),
  name: z.string(),
  /** 32 bytes, base64. */
  secret: z.string(),
});
const stateSchema = z.object({
  providers: z.array(z.union([keySchema, z.literal('identity')])).min(1),
  rewritten: z.string().optional(),
});

/** A key that Secrets of a plane are encrypted with. */
export type EncryptionKey = z.infer<typeof keySchema>;

/**
 * With what a plane's API servers write Secrets, and what they can read: the first one writes, all of them are read; `identity` is
 * as they are.
 */
export interface EncryptionState {
  readonly providers: readonly (EncryptionKey | 'identity')[];
  /** For what every Secret was written anew: the writer's name, and when a snapshot was restored last. */
  readonly rewritten?: string;
}

/** Secret with the keys. */
export const ENCRYPTION_SECRET = 'encryption';
/** Its key that says which keys there are; the other one is for API servers. */
export const ENCRYPTION_STATE = 'state.json';
const FLAG = '--encryption-provider-config';

/** What a Secret says; undefined where it is none of ours or not whole. Pure. */
export function readEncryption(files: Readonly<Record<string, string>>): EncryptionState | undefined {
  const text = files[ENCRYPTION_STATE];
  if (text === undefined) return undefined;
  const { providers, rewritten } = stateSchema.parse(JSON.parse(text));
  return { providers, ...(rewritten === undefined ? {} : { rewritten }) };
}

/** Names of all keys of a state, as they stand before values in the store. Pure. */
export function keyNames({ providers }: EncryptionState): readonly string[] {
  return providers.flatMap((one) => (one === 'identity' ? [] : [`${one.provider}:v1:${one.name}`]));
}

/** Where nothing is encrypted, API servers need not be told. */
const isPlain = ({ providers }: EncryptionState): boolean => providers.every((one) => one === 'identity');

function configOf({ providers }: EncryptionState): string {
  return JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [
      {
        resources: ['secrets'],
        providers: providers.map((one) =>
          one === 'identity'
            ? { identity: {} }
            : { [one.provider]: { keys: [{ name: one.name, secret: one.secret }] } },
        ),
      },
    ],
  });
}

/** Named by what is in it: a pod never starts with another one than it was made for. */
const fileOf = (state: EncryptionState): string => `config-${shortHash(configOf(state))}.json`;

/** The Secret with a plane's keys; nothing where it has none. Pure. */
export function encryptionParts(spec: PlaneSpec): readonly Part[] {
  const { encryption } = spec;
  if (encryption === undefined) return [];
  const config = isPlain(encryption) ? {} : { [fileOf(encryption)]: configOf(encryption) };
  return [secretPart(spec, ENCRYPTION_SECRET, { ...config, [ENCRYPTION_STATE]: JSON.stringify(encryption) })];
}

/** Flags of an API server that encrypts. */
export function encryptionArgs({ encryption }: Pick<PlaneSpec, 'encryption'>): readonly string[] {
  if (encryption === undefined || isPlain(encryption)) return [];
  return [`${FLAG}=/etc/tenantry/${ENCRYPTION_SECRET}/${fileOf(encryption)}`];
}

/** Files of an API server that encrypts. */
export function encryptionMounts({ encryption }: Pick<PlaneSpec, 'encryption'>): readonly ExtraMount[] {
  if (encryption === undefined || isPlain(encryption)) return [];
  const from = { secret: ENCRYPTION_SECRET, keys: [fileOf(encryption)] };
  return [{ name: ENCRYPTION_SECRET, from }];
}

/** Whether an API server that was started with these flags encrypts. Pure. */
export function isEncrypting(args: readonly string[]): boolean {
  return args.some((arg) => arg.startsWith(`${FLAG}=`));
}
