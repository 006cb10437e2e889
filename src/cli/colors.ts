import pc from 'picocolors';

/** How words are painted; with colours off every one of them is the identity. */
export type Colors = ReturnType<typeof pc.createColors>;

/** For a file, a pipe, a test. */
export const NO_COLORS: Colors = pc.createColors(false);

/**
 * Colours are for a terminal: what goes into a file or a pipe is read by programs, on a CI machine too. `NO_COLOR` and
 * `FORCE_COLOR` (no-color.org, force-color.org) decide where they are set.
 */
export function colorsFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Colors {
  if ((env['NO_COLOR'] ?? '') !== '') return NO_COLORS;
  const forced = (env['FORCE_COLOR'] ?? '') !== '';
  return pc.createColors(forced || (stream.isTTY === true && env['TERM'] !== 'dumb'));
}
