import { expect, it } from 'vitest';
import { takeTurns } from './in-turns.ts';

it('lets others work between pieces of a long work, and not after every crumb', async () => {
  let others = 0;
  const pass = takeTurns();
  const count = (): void => {
    others += 1;
  };

  setImmediate(count);
  for (let piece = 0; piece < 100; piece++) await pass(10);
  expect(others).toBe(0);

  await pass(100_000);
  expect(others).toBe(1);
});
