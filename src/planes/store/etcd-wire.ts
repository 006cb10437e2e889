/** A field of a message: its number and what it holds. What is 0, false or empty is not sent, as protobuf's rules have it. */
export type WireField = readonly [number, bigint | number | boolean | string | Uint8Array];
/** A field as it came: numbers as they are, everything else as bytes. */
export interface ReadField {
  readonly field: number;
  readonly value: bigint | Buffer;
}

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;
const MORE = 0x80;

/** A protobuf message. Messages inside it are bytes. Repeated fields are sent even where they are empty: they are messages. */
export function encodeMessage(fields: readonly WireField[]): Buffer {
  return Buffer.concat(fields.flatMap(([field, value]) => encodeField(field, value)));
}

function encodeField(field: number, value: WireField[1]): readonly Uint8Array[] {
  if (typeof value === 'string') return encodeField(field, Buffer.from(value));
  if (value instanceof Uint8Array)
    return [varint(BigInt((field << 3) | BYTES)), varint(BigInt(value.byteLength)), value];
  const number = BigInt(value);
  return number === 0n ? [] : [varint(BigInt((field << 3) | VARINT)), varint(BigInt.asUintN(64, number))];
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= BigInt(MORE)) {
    bytes.push(Number(rest & 0x7fn) | MORE);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** The fields of a message in the order they came. Throws RangeError where it ends too early. */
export function decodeMessage(message: Buffer): readonly ReadField[] {
  const fields: ReadField[] = [];
  let at = 0;
  const number = (): bigint => {
    let [value, shift] = [0n, 0n];
    for (;;) {
      const byte = message.readUInt8(at);
      at += 1;
      value |= BigInt(byte & ~MORE) << shift;
      if (byte < MORE) return BigInt.asIntN(64, value);
      shift += 7n;
    }
  };
  const bytes = (length: number): Buffer => {
    if (at + length > message.length) throw new RangeError('A message of etcd ends too early');
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(number());
    const [field, type] = [tag >> 3, tag & 7];
    if (type === VARINT) fields.push({ field, value: number() });
    else if (type === BYTES) fields.push({ field, value: bytes(Number(number())) });
    else if (type === FIXED_64) bytes(8);
    else if (type === FIXED_32) bytes(4);
    else throw new RangeError(`A message of etcd has a field of unknown type ${type}`);
  }
  return fields;
}

/** The last number of a field; 0 where it was not sent. */
export function numberOf(fields: readonly ReadField[], field: number): number {
  const found = fields.findLast((one) => one.field === field)?.value;
  return typeof found === 'bigint' ? Number(found) : 0;
}

/** All byte fields of a number. */
export function bytesOf(fields: readonly ReadField[], field: number): readonly Buffer[] {
  return fields.flatMap((one) => (one.field === field && typeof one.value !== 'bigint' ? [one.value] : []));
}
