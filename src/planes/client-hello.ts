/** What the first bytes of a connection say. `more`: too few to tell. */
export type Greeting =
  | { readonly is: 'more' }
  | { readonly is: 'named'; readonly host: string }
  | { readonly is: 'nameless' }
  | { readonly is: 'foreign' };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const RECORD_HEADER = 5;
/** Random and version before the session's name. */
const FIXED = 34;
/** Larger greetings are none: with keys for post-quantum exchange they have 2 kB. */
export const MAX_GREETING = 16_384;

/**
 * Reads the name of the server out of a TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3) without answering it: whoever passes the
 * connection on sees nothing else of it. Pure; takes whatever bytes there are.
 */
export function readGreeting(bytes: Buffer): Greeting {
  const message = handshakeIn(bytes);
  if (message === 'foreign') return { is: 'foreign' };
  if (message.length < 4) return shortBy(bytes);
  if (message[0] !== CLIENT_HELLO) return { is: 'foreign' };
  const length = message.readUIntBE(1, 3);
  if (length > MAX_GREETING) return { is: 'foreign' };
  if (message.length < 4 + length) return shortBy(bytes);
  try {
    return greetingIn(message.subarray(4, 4 + length));
  } catch {
    // A length that leads past the end.
    return { is: 'foreign' };
  }
}

function shortBy(bytes: Buffer): Greeting {
  return bytes.length >= MAX_GREETING ? { is: 'foreign' } : { is: 'more' };
}

/** The handshake message out of its records, as far as it has come. */
function handshakeIn(bytes: Buffer): Buffer | 'foreign' {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes[at] !== HANDSHAKE) return 'foreign';
    if (at + RECORD_HEADER > bytes.length) break;
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at + 1] !== 3 || length === 0) return 'foreign';
    parts.push(bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length));
    at += RECORD_HEADER + length;
  }
  return Buffer.concat(parts);
}

function greetingIn(hello: Buffer): Greeting {
  let at = FIXED;
  at += 1 + hello.readUInt8(at); // session
  at += 2 + hello.readUInt16BE(at); // ciphers
  at += 1 + hello.readUInt8(at); // compression
  if (at >= hello.length) return { is: 'nameless' };
  const end = at + 2 + hello.readUInt16BE(at);
  for (at += 2; at < end;) {
    const type = hello.readUInt16BE(at);
    const length = hello.readUInt16BE(at + 2);
    // List's length, kind and length of the one name that there may be.
    if (type === SERVER_NAME && hello.readUInt8(at + 6) === HOST_NAME) {
      const size = hello.readUInt16BE(at + 7);
      const host = hello.toString('latin1', at + 9, at + 9 + size);
      if (size !== host.length) return { is: 'foreign' };
      return { is: 'named', host: host.toLowerCase() };
    }
    at += 4 + length;
  }
  return { is: 'nameless' };
}
