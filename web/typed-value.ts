import type { Control } from './form-fields.ts';
import type { Json } from './json.ts';

/** What a text stands for: a value, none (the field is left to the service), or nothing of the field's type. */
export type Typed = { readonly value: Json | undefined } | { readonly mistake: string };

/** Reads what was typed into a field. Only what can't be a value at all is refused here: the service's rules are the API server's to tell. Pure. */
export function readTyped(control: Control, text: string): Typed {
  if (control.type === 'json') return readJson(text);
  if (control.type === 'lines') return readLines(control.numbers, text);
  if (text === '') return { value: undefined };
  if (control.type !== 'number') return { value: text };
  const number = numberIn(text);
  if (number === undefined || (control.whole && !Number.isInteger(number)))
    return { mistake: control.whole ? 'This must be a whole number.' : 'This must be a number.' };
  return { value: number };
}

/** How a value is shown in a field. */
export function showTyped(control: Control, value: Json | undefined): string {
  if (value === undefined) return '';
  if (control.type === 'json') return JSON.stringify(value, null, 2);
  if (control.type === 'lines' && Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function readJson(text: string): Typed {
  if (text.trim() === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as Json }; // true of whatever JSON.parse answers
  } catch {
    return { mistake: 'This must be JSON: texts in double quotes, lists in […], fields in {"name": value}.' };
  }
}

function readLines(numbers: boolean, text: string): Typed {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 0) return { value: undefined };
  if (!numbers) return { value: lines };
  const values = lines.map(numberIn);
  if (values.some((value) => value === undefined)) return { mistake: 'These must be numbers, one a line.' };
  return { value: values.flatMap((value) => value ?? []) };
}

function numberIn(text: string): number | undefined {
  const number = Number(text);
  return text.trim() === '' || !Number.isFinite(number) ? undefined : number;
}
