import type { ObjectMeta } from '../kube/object.ts';

/**
 * Licences of a kind, as KubePlus keeps them: ConfigMap `<kind>-license` beside the composition, the terms in annotations, the licence file
 * in `data.license_file`. Nobody reads the file; it is what provider and customer agreed on.
 */
export const LICENSE_FILE_KEY = 'license_file';
export const ALLOWED_INSTANCES_ANNOTATION = 'allowed_instances';
export const EXPIRY_ANNOTATION = 'expiry';

/** Name of the ConfigMap with the licence of a kind. */
export const licenseName = (kind: string): string => `${kind.toLowerCase()}-license`;

/** What a licence allows. */
export interface License {
  readonly allowedInstances: number | undefined;
  /** Last day, as written: MM/DD/YYYY. */
  readonly expiry: string | undefined;
}

/** Reads the terms out of a ConfigMap; a text says what can't be read, and then nothing is allowed. */
export function readLicense({
  annotations,
  name,
}: Pick<ObjectMeta, 'annotations' | 'name'>): License | string {
  const allowed = annotations?.[ALLOWED_INSTANCES_ANNOTATION];
  const expiry = annotations?.[EXPIRY_ANNOTATION];
  if (allowed !== undefined && !/^\d{1,9}$/.test(allowed))
    return `metadata.annotations[${ALLOWED_INSTANCES_ANNOTATION}] of ConfigMap ${name}: ${JSON.stringify(allowed)} is no number of instances`;
  if (expiry !== undefined && endOfDay(expiry) === undefined)
    return `metadata.annotations[${EXPIRY_ANNOTATION}] of ConfigMap ${name}: ${JSON.stringify(expiry)} is no date MM/DD/YYYY`;
  return { allowedInstances: allowed === undefined ? undefined : Number(allowed), expiry };
}

/** KubePlus's denial, if a licence allows no further instance; `now` in milliseconds, days as in UTC. */
export function licenseDenial(
  { allowedInstances, expiry }: License,
  kind: string,
  instances: number,
  now: number,
): string | undefined {
  const end = expiry === undefined ? undefined : endOfDay(expiry);
  const problems = [
    ...(allowedInstances !== undefined && instances >= allowedInstances
      ? ['Allowed number of instances reached.']
      : []),
    ...(end !== undefined && now >= end ? [`License expired (expiry date):${expiry}.`] : []),
  ];
  if (problems.length === 0) return undefined;
  return `${problems.join(' ')} Update license for ${kind} and then re-try.`;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The first millisecond after a day; undefined if there is no such day. */
export function endOfDay(text: string): number | undefined {
  const [, month, day, year] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  const start = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // Date.UTC counts on: the 31st of June would be the first of July.
  const found = new Date(start);
  const isDay = found.getUTCMonth() + 1 === Number(month) && found.getUTCDate() === Number(day);
  return isDay ? start + DAY_MS : undefined;
}
