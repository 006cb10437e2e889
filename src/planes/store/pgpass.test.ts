import { describe, expect, it } from 'vitest';
import { pgpassLine, readPgpass } from './pgpass.ts';

describe('a line of the password file', () => {
  it.each(['plain', 'a:b', String.raw`a\b`, String.raw`\:\\::`, ''])(
    'comes back with password %j',
    (password) => {
      const address = { host: 'db.example.com', port: 5432, database: 'd', user: 'u', password };

      expect(readPgpass(pgpassLine(address))).toEqual(address);
    },
  );

  it('is told from anything else', () => {
    expect(readPgpass('')).toBeUndefined();
    expect(readPgpass('a:1:b:c')).toBeUndefined();
    expect(readPgpass('a:1:b:c:d:e')).toBeUndefined();
  });
});
