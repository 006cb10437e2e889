import { describe, expect, it } from 'vitest';
import { placeProblem } from './field-errors.ts';

const NAMES = ['metadata.name', 'size', 'web', 'web.ports'];
const placed = (message: string, causes: { field: string; message: string }[] = []) =>
  Object.fromEntries(placeProblem({ message, code: 'Invalid', causes }, NAMES).byField);

describe('a refusal', () => {
  it.each([
    ['spec.size', 'size'],
    ['spec.web.ports', 'web.ports'],
    ['spec.web.ports[0].name', 'web.ports'],
    ['spec.web.host', 'web'],
    ['metadata.name', 'metadata.name'],
  ])('about %s stands at %s', (field, name) => {
    expect(placed('no', [{ field, message: 'wrong' }])).toEqual({ [name]: ['wrong'] });
  });

  it('about something without a field stands nowhere but above', () => {
    const problem = {
      message: 'spec: no',
      code: 'Invalid',
      causes: [{ field: 'spec.other', message: 'no' }],
    };

    expect(placeProblem(problem, NAMES)).toEqual({ message: 'spec: no', byField: new Map() });
  });

  it('that lists no causes is read line by line', () => {
    const text =
      'admission webhook "x" denied the request: spec.size: must be <= 2\nspec.web.ports[0]: must be a number';

    expect(placed(text)).toEqual({
      size: ['admission webhook "x" denied the request: spec.size: must be <= 2'],
      'web.ports': ['spec.web.ports[0]: must be a number'],
    });
  });

  it('says the same once', () => {
    const cause = { field: 'spec.size', message: 'wrong' };

    expect(placed('no', [cause, cause])).toEqual({ size: ['wrong'] });
  });
});
