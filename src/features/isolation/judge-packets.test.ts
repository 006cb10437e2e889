import { describe, expect, it } from 'vitest';
import { judgePacketIn, judgePacketOut, type PacketResults } from './judge-packets.ts';

const own = ['10.0.0.5 80', '10.0.0.6 3306'];
const apiServer = '10.96.0.1 443';
const results = (inside: PacketResults['inside'], outside: PacketResults['outside']): PacketResults => ({
  own,
  apiServer,
  inside,
  outside,
});
const open = { '10.0.0.5 80': true, '10.0.0.6 3306': false, [apiServer]: false };
const closed = { '10.0.0.5 80': false, '10.0.0.6 3306': false, [apiServer]: true };

describe('packets', () => {
  it.each([
    ['answer inside alone', open, closed, 'green', 'green'],
    ['arrive from elsewhere', open, { ...closed, '10.0.0.6 3306': true }, 'red', 'green'],
    ['arrive although nothing could be sent inside', 'no room', { ...closed, ...open }, 'red', 'unknown'],
    ['leave for the API server', { ...open, [apiServer]: true }, closed, 'green', 'red'],
    ['leave, whatever was sent elsewhere', { ...open, [apiServer]: true }, 'no right', 'unknown', 'red'],
    ['are answered nowhere', { ...closed, [apiServer]: false }, closed, 'unknown', 'green'],
    ['find no API server anywhere', open, { ...closed, [apiServer]: false }, 'green', 'unknown'],
    ['could not be sent', 'no right', 'no right', 'unknown', 'unknown'],
  ] as const)('that %s', (_what, inside, outside, packetIn, packetOut) => {
    const all = results(inside, outside);

    expect([judgePacketIn(all).state, judgePacketOut(all).state]).toEqual([packetIn, packetOut]);
  });
});
