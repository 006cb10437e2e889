import { concat } from '../lib/concat.ts';
/** One entry of a tar archive as it stands there: nothing is checked but the format. */
export interface TarEntry {
  readonly path: string;
  readonly type: TarType;
  readonly data: Uint8Array;
}

/** What an entry is. Anything that is not a file or a folder has no business in a chart. */
type TarType = 'file' | 'folder' | 'link' | 'device' | 'unknown';

/** The bytes are not a tar archive, or one that breaks off. */
export class TarError extends Error {
  override readonly name = 'TarError';
}

const BLOCK = 512;
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 6],
  version: [263, 2],
  prefix: [345, 155],
} as const;
/** A path or extended header longer than this is an attack, not a name. */
const MAX_EXTENDED = 65_536;
const TYPES: Readonly<Record<string, TarType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '5': 'folder',
  '1': 'link',
  '2': 'link',
  '3': 'device',
  '4': 'device',
  '6': 'device',
};

/** Reads entries one by one (ustar, pax paths and sizes, GNU long names), so that a reader may stop at the first it does not like. */
export function* readTar(bytes: Uint8Array): Generator<TarEntry> {
  let at = 0;
  let pending: { path?: string; size?: number } = {};
  while (at + BLOCK <= bytes.length) {
    const header = bytes.subarray(at, at + BLOCK);
    at += BLOCK;
    if (header.every((byte) => byte === 0)) return;
    checkSum(header);
    const letter = String.fromCharCode(header[FIELD.type[0]] ?? 0);
    const extends_ = letter === 'x' || letter === 'L' || letter === 'g' || letter === 'K';
    const size = (extends_ ? undefined : pending.size) ?? numberOf(header, FIELD.size);
    if (size > bytes.length - at) throw new TarError('it breaks off in the middle of a file');
    const data = bytes.subarray(at, at + size);
    at += Math.ceil(size / BLOCK) * BLOCK;
    if (extends_) {
      if (size > MAX_EXTENDED) throw new TarError('it has an extended header that is too long');
      if (letter === 'x') pending = { ...pending, ...paxRecords(data) };
      if (letter === 'L') pending = { ...pending, path: textOf(data) };
      continue;
    }
    yield { path: pending.path ?? pathOf(header), type: TYPES[letter] ?? 'unknown', data };
    pending = {};
  }
  throw new TarError('it has no end: the transfer broke off, or this is not a tar archive');
}

/** Writes files in the order given, all with the same owner, mode and time: the same files give the same bytes. */
export function writeTar(files: Iterable<readonly [path: string, data: Uint8Array]>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [path, data] of files) {
    const encoded = new TextEncoder().encode(path);
    if (encoded.length > FIELD.name[1]) {
      const record = paxRecord('path', path);
      parts.push(header('pax', record.length, 'x'), padded(record));
    }
    parts.push(header(path, data.length, '0'), padded(data));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return concat(parts);
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function pathOf(header: Uint8Array): string {
  const name = textOf(field(header, FIELD.name));
  const isUstar = textOf(field(header, FIELD.magic)) === 'ustar';
  const prefix = isUstar ? textOf(field(header, FIELD.prefix)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function field(header: Uint8Array, [start, length]: readonly [number, number]): Uint8Array {
  return header.subarray(start, start + length);
}

/** Octal text, or base 256 where the first bit is set (sizes of 8 GiB and more, which are refused by their size). */
function numberOf(header: Uint8Array, place: readonly [number, number]): number {
  const bytes = field(header, place);
  if (((bytes[0] ?? 0) & 0x80) !== 0) return Number.MAX_SAFE_INTEGER;
  const text = textOf(bytes).trim();
  if (!/^[0-7]*$/.test(text)) throw new TarError('it has a header that is not one');
  return text === '' ? 0 : Number.parseInt(text, 8);
}

function checkSum(header: Uint8Array): void {
  const [start, length] = FIELD.checksum;
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= start && index < start + length ? 0x20 : byte;
  if (sum !== numberOf(header, FIELD.checksum)) throw new TarError('it is not a tar archive, or is damaged');
}

/** Records of the form `<length> <key>=<value>\n`; of the keys only the two that say where bytes go are read. */
function paxRecords(data: Uint8Array): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const length = Number(new TextDecoder().decode(data.subarray(at, space)));
    if (space < 0 || !Number.isInteger(length) || length <= space - at || at + length > data.length)
      throw new TarError('it has an extended header that is damaged');
    const record = new TextDecoder().decode(data.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path') found.path = value;
    if (key === 'size') found.size = sizeOf(value);
    at += length;
  }
  return found;
}

function sizeOf(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new TarError('it has an extended header that is damaged');
  return Number(text);
}

function paxRecord(key: string, value: string): Uint8Array {
  const body = new TextEncoder().encode(` ${key}=${value}\n`);
  // The length counts itself.
  let length = body.length + 1;
  while (String(length).length + body.length > length) length++;
  return concat([new TextEncoder().encode(String(length)), body]);
}

function header(path: string, size: number, type: string): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = ([start]: readonly [number, number], text: string): void =>
    block.set(new TextEncoder().encode(text), start);
  block.set(new TextEncoder().encode(path).subarray(0, FIELD.name[1]), FIELD.name[0]);
  put(FIELD.mode, '0000644\0');
  put([108, 8], '0000000\0');
  put([116, 8], '0000000\0');
  put(FIELD.size, `${size.toString(8).padStart(11, '0')}\0`);
  put(FIELD.mtime, '00000000000\0');
  put(FIELD.type, type);
  put(FIELD.magic, 'ustar\0');
  put(FIELD.version, '00');
  block.fill(0x20, FIELD.checksum[0], FIELD.checksum[0] + FIELD.checksum[1]);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(FIELD.checksum, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

function padded(data: Uint8Array): Uint8Array {
  const rest = data.length % BLOCK;
  return rest === 0 ? data : concat([data, new Uint8Array(BLOCK - rest)]);
}
