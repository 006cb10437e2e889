import { describe, expect, it } from 'vitest';
import { surroundings } from '../../test/builders/surroundings.ts';
import { fileCredential } from './file-credential.ts';

describe('fileCredential', () => {
  it('reads a token again after a minute, not before', async () => {
    const around = surroundings({ files: { '/token': 'one\n' } });
    const source = fileCredential({ tokenFile: '/token' }, around);
    await source.current();
    around.files.set('/token', 'two\n');

    await around.clock.advance(59_999);
    const before = await source.current();
    await around.clock.advance(1);
    const after = await source.current();

    expect([before.token, after.token]).toEqual(['one', 'two']);
    expect(around.reads).toHaveLength(2);
  });

  it('prefers the file to the text, as kubectl does', async () => {
    const source = fileCredential(
      { token: 'text', tokenFile: '/token' },
      surroundings({ files: { '/token': 'file' } }),
    );

    expect((await source.current()).token).toBe('file');
  });

  it('goes on with what it has while the file is away', async () => {
    const around = surroundings({ files: { '/token': 'one' } });
    const source = fileCredential({ tokenFile: '/token' }, around);
    await source.current();
    around.files.delete('/token');
    await around.clock.advance(60_000);

    expect((await source.current()).token).toBe('one');
  });

  it('reads at once after a refusal', async () => {
    const around = surroundings({ files: { '/token': 'one' } });
    const source = fileCredential({ tokenFile: '/token' }, around);
    await source.current();
    around.files.set('/token', 'two');

    expect(source.refused()).toBe(true);
    expect((await source.current()).token).toBe('two');
  });

  it('has nothing better after a refusal of a fixed token', async () => {
    const source = fileCredential({ token: 'fixed' }, surroundings());
    await source.current();

    expect(source.refused()).toBe(false);
  });

  it('fails as Unauthorized if there never was a file', async () => {
    const source = fileCredential({ tokenFile: '/token' }, surroundings());

    await expect(source.current()).rejects.toMatchObject({ code: 'Unauthorized' });
  });

  it('reads once for many calls at the same time', async () => {
    const around = surroundings({ files: { '/token': 'one' } });
    const source = fileCredential({ tokenFile: '/token' }, around);

    await Promise.all([source.current(), source.current(), source.current()]);

    expect(around.reads).toHaveLength(1);
  });
});
