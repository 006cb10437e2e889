/**
 * Letters as strokes of a pen, so that pictures have text without any font. A stroke is a chain of points, two digits each: 0 to 4 from the left, 0 to 9
 * from below, of which 2 is the line that letters stand on, 7 the height of small ones and 9 that of capitals. A point twice is a dot.
 */
const STROKES: Readonly<Record<string, string>> = {
  ' ': '',
  a: '4742 4637170603123243',
  b: '0902 0617374643321203',
  c: '4637170603123243',
  d: '4942 4637170603123243',
  e: '05454637170603123243',
  f: '49392822 1747',
  g: '4741301001 4637170603123243',
  h: '0902 0617374642',
  i: '2722 2929',
  j: '37312010 3939',
  k: '0902 4704 1542',
  l: '19292332',
  m: '0702 06172622 26374642',
  n: '0702 0617374642',
  o: '173746433212030617',
  p: '0700 0617374643321203',
  q: '4740 4637170603123243',
  r: '0702 052747',
  s: '46371706153443321203',
  t: '29233242 0747',
  u: '0703123243 4742',
  v: '072247',
  w: '0712253247',
  x: '0742 4702',
  y: '0722 4710',
  z: '07470242',
  A: '022942 1535',
  B: '02093948473606 3645433202',
  C: '4839190803123243',
  D: '02092947442202',
  E: '49090242 0636',
  F: '490902 0636',
  G: '48391908031232434525',
  H: '0902 4942 0646',
  I: '1939 2922 1232',
  J: '4943321203',
  K: '0902 4905 1642',
  L: '090242',
  M: '0209254942',
  N: '02094249',
  O: '193948433212030819',
  P: '02093948463505',
  Q: '193948433212030819 2442',
  R: '02093948463505 2542',
  S: '483919080716354443321203',
  T: '0949 2922',
  U: '090312324349',
  V: '092249',
  W: '0912263249',
  X: '0942 4902',
  Y: '092549 2522',
  Z: '09490242',
  0: '193948433212030819 1338',
  1: '082922 1232',
  2: '08193948470242',
  3: '08193948473616 364543321203',
  4: '32390444',
  5: '490906364543321203',
  6: '39190803123243453606',
  7: '094912',
  8: '193948473616070819 1605031232434536',
  9: '46160708193948433212',
  '-': '0545',
  '.': '2222',
  ':': '2222 2626',
  ',': '2210',
  _: '0141',
  '/': '0149',
  '=': '0444 0646',
  '+': '2327 0545',
  '(': '39282332',
  ')': '19282312',
  '[': '39191232',
  ']': '19393212',
  '<': '470543',
  '>': '074503',
  '"': '1917 3937',
  "'": '2927',
  '!': '2924 2222',
  '?': '08193948472624 2222',
  '…': '0202 2222 4242',
};
/** An empty box: a letter that is not here. */
const UNKNOWN = '0209494202';

/** Parts of a letter's width from one letter to the next, and the row that letters stand on. */
export const ADVANCE = 6;
export const BASE = 2;

/** A chain of points in the letter's grid, counted from below. */
export type Stroke = readonly (readonly [x: number, y: number])[];

/** The strokes of a letter. */
export function strokesOf(letter: string): readonly Stroke[] {
  const text = Object.hasOwn(STROKES, letter) ? (STROKES[letter] ?? UNKNOWN) : UNKNOWN;
  return text
    .split(' ')
    .filter((stroke) => stroke !== '')
    .map((stroke) =>
      Array.from({ length: stroke.length / 2 }, (_, index): readonly [number, number] => [
        Number(stroke[2 * index]),
        Number(stroke[2 * index + 1]),
      ]),
    );
}
