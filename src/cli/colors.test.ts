import { describe, expect, it } from 'vitest';
import { colorsFor } from './colors.ts';

describe('colours', () => {
  it.each([
    ['a terminal', true, {}, true],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
    ['a terminal whose user wants none', true, { NO_COLOR: '1' }, false],
    ['a pipe', false, {}, false],
    ['a pipe on a CI machine', false, { CI: 'true' }, false],
    ['a pipe whose reader wants them', false, { FORCE_COLOR: '1' }, true],
    ['a pipe where both are set', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('for %s', (_, isTTY, env, painted) => {
    expect(colorsFor({ isTTY }, env).red('x') !== 'x').toBe(painted);
  });
});
