import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../runtime/listen.ts';
import { UserError } from './cli-io.ts';
import { listenError } from './listen-error.ts';

it.each([
  ['EADDRINUSE', /^Another program listens there\. Give another --port/],
  ['EACCES', /Give a higher --port/],
  ['EADDRNOTAVAIL', /^Give --bind an address of this machine/],
  ['ENOTFOUND', /^Give --bind an address of this machine/],
])('names the option to change: %s', (code, remedy) => {
  const error = listenError(Object.assign(new Error('why'), { code }), { port: 5000, bind: 'a.example' });

  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({
    message: "can't listen on --bind a.example, --port 5000: why",
    remedy: expect.stringMatching(remedy),
  });
});

it('leaves what is no matter of the address', () => {
  const error = new Error('why');

  expect(listenError(error, { port: 1, bind: '*' })).toBe(error);
});

it('knows the error of a port that is taken', async () => {
  const [first, second] = [createServer(), createServer()];
  const port = await listen(first, 0, '127.0.0.1');
  try {
    const error: unknown = await listen(second, port, '127.0.0.1').catch((reason: unknown) => reason);

    expect(listenError(error, { port, bind: '127.0.0.1' })).toBeInstanceOf(UserError);
  } finally {
    first.close();
  }
});
