import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KubeError } from '../kube/kube-error.ts';
import { databaseName, dropDatabase, scramVerifier } from './database.ts';

describe('a plane’s database', () => {
  it('is called by the plane’s UID, in what SQL takes without quotes', () => {
    expect(databaseName('0f5d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7')).toBe(
      'plane_0f5d1a2b3c4d5e6f708192a3b4c5d6e7',
    );
  });

  it('has its password kept as RFC 7677 says', () => {
    const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));

    expect(verifier).toMatch(/^SCRAM-SHA-256\$4096:W22ZaJ0SNY7soEsUEjb6gQ==\$[^:]+:[^:]+$/);
    // The example of the RFC: what the server proves itself by.
    const said =
      'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const serverKey = Buffer.from(verifier.split(':').at(-1) ?? '', 'base64');
    expect(createHmac('sha256', serverKey).update(said).digest('base64')).toBe(
      '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    );
  });

  it('says which server could not be reached, as an error that is tried again', async () => {
    const server = { host: '127.0.0.1', port: 1, user: 'postgres', password: 'secret', ca: '' };

    const error = await dropDatabase(server, 'plane_u').catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(KubeError);
    expect(error).toMatchObject({
      code: 'ServiceUnavailable',
      message: expect.stringContaining('127.0.0.1'),
    });
    expect(String(error)).not.toContain('secret');
  });
});
