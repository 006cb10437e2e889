import { describe, expect, it } from 'vitest';
import { fieldsOf, namesOf } from './form-fields.ts';

const control = (schema: object, key = 'a') => fieldsOf({ properties: { [key]: schema } })[0]?.control;

describe('the form of a schema', () => {
  it.each([
    [{ type: 'string' }, { type: 'text' }],
    [{ type: 'string', default: 'a\nb' }, { type: 'long' }],
    [{ type: 'string', format: 'password' }, { type: 'secret' }],
    [
      { type: 'string', enum: ['a', 'b'] },
      { type: 'choice', choices: ['a', 'b'] },
    ],
    [
      { type: 'integer', minimum: 1, maximum: 3 },
      { type: 'number', whole: true, least: 1, most: 3 },
    ],
    [{ type: 'number' }, { type: 'number', whole: false }],
    [{ type: 'boolean' }, { type: 'switch' }],
    [
      { type: 'array', items: { type: 'string' } },
      { type: 'lines', numbers: false },
    ],
    [
      { type: 'array', items: { type: 'integer' } },
      { type: 'lines', numbers: true },
    ],
    [{ type: 'array', items: { type: 'object' } }, { type: 'json' }],
    [{ type: 'object', additionalProperties: { type: 'string' } }, { type: 'json' }],
    [{ 'x-kubernetes-int-or-string': true }, { type: 'json' }],
    [{ 'x-kubernetes-preserve-unknown-fields': true }, { type: 'json' }],
  ])('%j', (schema, expected) => {
    expect(control(schema)).toEqual(expected);
  });

  it('shows no password while it is typed', () => {
    for (const key of ['adminPassword', 'apiKey', 'clientSecret'])
      expect(control({ type: 'string' }, key)).toEqual({ type: 'secret' });
  });

  it('has what is required first, with the comment as help and the default as it is', () => {
    const fields = fieldsOf({
      required: ['title'],
      properties: {
        size: { type: 'integer', description: ' How many. ', default: 2 },
        title: { type: 'string', title: 'Title of the shop' },
      },
    });

    expect(fields).toMatchObject([
      { path: ['title'], label: 'Title of the shop', required: true, help: undefined },
      { path: ['size'], label: 'size', required: false, help: 'How many.', fallback: 2 },
    ]);
  });

  it('puts groups in groups, and names every field', () => {
    const inner = { type: 'object', properties: { cpu: { type: 'string' } } };
    const fields = fieldsOf({ properties: { resources: { type: 'object', properties: { limits: inner } } } });

    expect(namesOf(fields)).toEqual(['resources', 'resources.limits', 'resources.limits.cpu']);
  });

  it('shows what is too deep as JSON', () => {
    const deep = (levels: number): object =>
      levels === 0 ? { type: 'string' } : { type: 'object', properties: { a: deep(levels - 1) } };

    expect(namesOf(fieldsOf(deep(9)))).toHaveLength(5);
  });

  it.each([undefined, null, 'a', [], {}, { properties: [] }])('is empty for %j', (schema) => {
    expect(fieldsOf(schema)).toEqual([]);
  });
});
