import { describe, expect, it } from 'vitest';
import type { Control } from './form-fields.ts';
import { readTyped, showTyped } from './typed-value.ts';

const whole: Control = { type: 'number', whole: true };
const number: Control = { type: 'number', whole: false };
const lines: Control = { type: 'lines', numbers: false };
const numbers: Control = { type: 'lines', numbers: true };
const json: Control = { type: 'json' };
const text: Control = { type: 'text' };

describe('what is typed', () => {
  it.each([
    [text, '', undefined],
    [text, ' a ', ' a '],
    [text, '12', '12'],
    [whole, '12', 12],
    [whole, '', undefined],
    [number, '-1.5', -1.5],
    [lines, 'a\n\n b \n', ['a', 'b']],
    [numbers, '1\n2', [1, 2]],
    [json, '{"a":[1]}', { a: [1] }],
    [json, ' ', undefined],
  ])('%j: %j is %j, and is shown so that it reads the same', (control, typed, value) => {
    expect(readTyped(control, typed)).toEqual({ value });
    expect(readTyped(control, showTyped(control, value))).toEqual({ value });
  });

  it.each([
    [whole, '1.5'],
    [whole, 'x'],
    [number, ' '],
    [number, 'Infinity'],
    [numbers, '1\nx'],
    [json, '{a: 1}'],
  ])('%j: %j is a mistake', (control, typed) => {
    expect(readTyped(control, typed)).toHaveProperty('mistake');
  });
});
