import { z } from 'zod';

const objectSchema = z.object({
  apiVersion: z.string().describe('API group and version of the object.'),
  kind: z.string().describe('Kind of the object.'),
  namespace: z.string().optional().describe('Namespace that the hook names for it.'),
  name: z.string().describe('Name of the object.'),
  uid: z.string().optional().describe('UID of the object, once it was made.'),
});

/** Objects that a state tells of at most: those of a hook, and as many of its older form. */
const MAX_OBJECTS = 256;
const MAX_MESSAGE = 1024;

/** What became of one hook of a plane, in the plane's status. */
export const hookStateSchema = z.object({
  name: z.string().describe('Name of the PostCreateHook.'),
  target: z.enum(['hosting', 'controlPlane']).describe('Where its objects are.'),
  inputs: z
    .string()
    .optional()
    .describe('Digest of the hook and its variables as they were applied or are being.'),
  applied: z.boolean().describe('Whether all of its objects were written.'),
  ready: z.boolean().describe('Whether what it made works.'),
  message: z.string().max(MAX_MESSAGE).optional().describe('What is in the way.'),
  objects: z.array(objectSchema).max(MAX_OBJECTS).optional().describe('What it made or is about to make.'),
});

/** What became of one hook of a plane. */
export type HookState = z.infer<typeof hookStateSchema>;
/** One object of a hook, as a state names it. */
export type HookObject = z.infer<typeof objectSchema>;

/** The message as it fits. */
export function hookMessage(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE - 1)}…`;
}
