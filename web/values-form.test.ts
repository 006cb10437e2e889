import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { fieldsOf } from './form-fields.ts';
import { ValuesForm } from './values-form.tsx';

const schema = {
  properties: {
    title: { type: 'string', description: 'What it is called.' },
    web: {
      type: 'object',
      properties: { port: { type: 'integer' }, tls: { type: 'boolean', default: true } },
    },
  },
};
const markup = (byField: ReadonlyMap<string, readonly string[]> = new Map()): string =>
  renderToStaticMarkup(
    createElement(ValuesForm, {
      fields: fieldsOf(schema),
      values: { web: { port: 80 } },
      shown: { message: '', byField },
      change: () => undefined,
      mistake: () => undefined,
    }),
  );

describe('the form of values', () => {
  it('has each field once, those of groups within these, each with its label and help', () => {
    const html = markup();

    expect([...html.matchAll(/ id="field-([\w.]+)"/g)].map(([, id]) => id)).toEqual([
      'title',
      'web.port',
      'web.tls',
    ]);
    expect(html).toContain('<label for="field-title">title</label>');
    expect(html).toMatch(/aria-describedby="field-title-help field-title-error"/);
    expect(html).toContain('value="80"');
    expect(html).toContain('as the service has it: yes');
  });

  it('says at a field what is wrong with it, and marks that one alone', () => {
    const html = markup(new Map([['web.port', ['must be <= 10']]]));

    expect(html.match(/aria-invalid="true"/g)).toHaveLength(1);
    expect(html).toMatch(/id="field-web\.port-error"[^>]*role="alert"[^>]*><p>must be &lt;= 10<\/p>/);
  });
});
