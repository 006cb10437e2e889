import type { Secret } from '../../kube/builtin-kinds.ts';

/** The texts of a Secret by key; empty where there is none. */
export function filesOf(secret: Secret | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  );
}
