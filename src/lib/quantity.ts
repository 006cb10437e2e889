/** How a quantity was written; sums keep the form of their first part, as Kubernetes does. */
export type QuantityForm = 'decimal' | 'binary' | 'exponent';

/** A Kubernetes quantity, exact: billionths of the unit as an integer. */
export interface Quantity {
  readonly nano: bigint;
  readonly form: QuantityForm;
}

const NANO = 1_000_000_000n;
/** Kubernetes keeps at most what fits 63 bits and caps larger numbers silently. */
const MAX_NANO = (2n ** 63n - 1n) * NANO;
/** More digits than any real quantity has; keeps hostile text from costing time. */
const MAX_LENGTH = 64;
const MAX_EXPONENT = 30;

const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 1n << 10n,
  Mi: 1n << 20n,
  Gi: 1n << 30n,
  Ti: 1n << 40n,
  Pi: 1n << 50n,
  Ei: 1n << 60n,
};
/** Suffix to power of ten. */
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const DECIMAL_BY_POWER = new Map(Object.entries(DECIMAL).map(([suffix, power]) => [power, suffix]));
const SYNTAX = /^([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)((?:[KMGTPE]i)|(?:[eE][+-]?[0-9]+)|[numkMGTPE]?)$/;

/**
 * Reads a quantity as the API server does: every suffix, exponents, fractions; parts below a billionth are rounded away
 * from zero. A JSON number is taken as its text. Undefined if it is not a quantity.
 */
export function parseQuantity(value: string | number): Quantity | undefined {
  const text = String(value);
  const match = text.length <= MAX_LENGTH ? SYNTAX.exec(text) : null;
  if (match === null) return undefined;
  const [, sign = '', digits = '', suffix = ''] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const mantissa = BigInt(whole + fraction);
  const binary = BINARY[suffix];
  const exponent = binary === undefined && /^[eE]./.test(suffix);
  const power = exponent ? Number(suffix.slice(1)) : (DECIMAL[suffix] ?? 0);
  if (Math.abs(power) > MAX_EXPONENT) return undefined;
  const nano = scale(mantissa * (binary ?? 1n), power + 9 - fraction.length);
  const capped = nano > MAX_NANO ? MAX_NANO : nano;
  return {
    nano: sign === '-' ? -capped : capped,
    form: binary !== undefined ? 'binary' : exponent ? 'exponent' : 'decimal',
  };
}

/** `value` × 10^power for a value that is not negative, rounded up to an integer. */
function scale(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (value + divisor - 1n) / divisor;
}

/** The canonical text: no fraction, the largest suffix that keeps it exact, as the API server would print it. */
export function formatQuantity(quantity: Quantity): string {
  const { nano, form } = quantity;
  if (nano === 0n) return '0';
  const sign = nano < 0n ? '-' : '';
  const size = nano < 0n ? -nano : nano;
  // Below 1024 a binary quantity is printed in the decimal form (1, 500m), as upstream does.
  return sign + (form === 'binary' && size >= 1024n * NANO ? formatBinary(size) : formatDecimal(size, form));
}

function formatBinary(size: bigint): string {
  let units = (size + NANO - 1n) / NANO;
  let suffix = '';
  for (const next of Object.keys(BINARY)) {
    if (units % 1024n !== 0n) break;
    units /= 1024n;
    suffix = next;
  }
  return `${units}${suffix}`;
}

function formatDecimal(size: bigint, form: QuantityForm): string {
  let units = size;
  let power = -9;
  while (power < 18 && units % 1000n === 0n) {
    units /= 1000n;
    power += 3;
  }
  if (form === 'exponent') return power === 0 ? `${units}` : `${units}e${power}`;
  return `${units}${DECIMAL_BY_POWER.get(power) ?? ''}`;
}

/** The exact sum; form of `a`, or of `b` where `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, form: a.nano === 0n ? b.form : a.form };
}

/** Below 0, 0 or above 0, for sorting and comparing; the form does not count (`1Gi` equals `1073741824`). */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nano < b.nano ? -1 : a.nano > b.nano ? 1 : 0;
}
