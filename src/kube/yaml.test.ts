import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseManifests, parseYaml, toYaml, YamlError } from './yaml.ts';

describe('parseYaml', () => {
  it.each<[string, unknown]>([
    ['0755', 493],
    ['0o17', 15],
    ['-0o17', -15],
    ['0x1F', 31],
    ['0b11', 3],
    ['1_000', 1000],
    ['yes', true],
    ['on', true],
    ['y', true],
    ['Off', false],
    ['"yes"', 'yes'],
    ['2026-11-01', '2026-11-01'],
    ['2026-11-01T10:00:00Z', '2026-11-01T10:00:00Z'],
    ['12:30:45', '12:30:45'],
    ['1.2.3', '1.2.3'],
    ['1e3', 1000],
    ['1.50', 1.5],
    ['~', null],
    ['', null],
    ['{"a": [1, "x"]}', { a: [1, 'x'] }],
    ['a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['base: &x {b: 1}\nc:\n  <<: *x\n  d: 2', { base: { b: 1 }, c: { b: 1, d: 2 } }],
    ['a: 1\na: 2', { a: 2 }],
    ['1: one\ntrue: yes', { '1': 'one', true: true }],
    ['a: |\n  x\n  y\n', { a: 'x\ny\n' }],
    ['d: aGVsbG8=', { d: 'aGVsbG8=' }],
  ])('%j reads as kubectl reads it', (text, value) => {
    expect(parseYaml(text)).toEqual(value);
  });

  it.each<[string, string, RegExp]>([
    ['a syntax error with its line', 'a: 1\nb: [', /^line \d/],
    ['a tab as indentation', 'a:\n\tb: 1', /line 2/],
    ['infinity', 'a: .inf', /Infinity is not a value of JSON/],
    ['a second document', 'a: 1\n---\nb: 2', /second document/],
    ['an unknown alias', 'a: *nowhere', /alias/i],
  ])('refuses %s', (_name, text, message) => {
    expect(() => parseYaml(text)).toThrow(YamlError);
    expect(() => parseYaml(text)).toThrow(message);
  });

  it('refuses a document whose aliases multiply', () => {
    const levels = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i += 1)
      levels.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );

    expect(() => parseYaml(levels.join('\n'))).toThrow(YamlError);
  });

  it('refuses what is nested so deeply that the stack would end', () => {
    expect(() => parseYaml('['.repeat(100_000))).toThrow(/400 levels/);
    expect(() => parseYaml('- '.repeat(100_000))).toThrow(/400 levels/);
    expect(parseYaml(`${'['.repeat(300)}1${']'.repeat(300)}`)).toBeDefined();
  });

  it('refuses a text above the limit before parsing it', () => {
    expect(() => parseYaml(`a: ${'x'.repeat(17 * 1024 * 1024)}`)).toThrow(/16 MiB/);
  });
});

describe('parseManifests', () => {
  const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n';

  it('reads several documents and skips empty ones', () => {
    const objects = parseManifests(
      `---\n# nothing\n---\n${pod}---\n\n---\n${pod.replace('name: a', 'name: b')}`,
    );

    expect(objects.map((object) => object.metadata.name)).toEqual(['a', 'b']);
  });

  it('takes a List apart', () => {
    const list = 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}';

    expect(parseManifests(list)).toEqual([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }]);
  });

  it('accepts an object that lets the server choose its name', () => {
    expect(parseManifests('apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}')).toHaveLength(1);
  });

  it.each([
    ['apiVersion is missing', `${pod}---\nkind: Pod`, /^line 4: apiVersion is missing$/],
    ['kind is missing', 'apiVersion: v1', /kind is missing/],
    ['metadata is missing', 'apiVersion: v1\nkind: Pod', /Pod: metadata is missing/],
    ['the name is missing', 'apiVersion: v1\nkind: Pod\nmetadata: {}', /Pod: metadata.name is missing/],
    ['the name is a number', 'apiVersion: v1\nkind: Pod\nmetadata: {name: 1}', /not a text/],
    ['it is a list', '- 1', /must be a map/],
  ])('says that %s', (_name, text, message) => {
    expect(() => parseManifests(text)).toThrow(message);
  });
});

it('gives up on a document that was made to take long', { timeout: 30_000 }, () => {
  const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: [${'a,'.repeat(400_000)}]\n`;

  expect(() => parseManifests(text)).toThrow(/more than 500000 marks and words/);
});

describe('toYaml', () => {
  it('quotes what YAML 1.1 or 1.2 would take for something else', () => {
    expect(toYaml({ a: 'yes', b: '0755', c: '2026-11-01', d: '12:30:45', e: '0o17', f: 'plain' })).toBe(
      'a: "yes"\nb: "0755"\nc: "2026-11-01"\nd: "12:30:45"\ne: "0o17"\nf: plain\n',
    );
  });

  it('is read back as it was, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const json: unknown = JSON.parse(JSON.stringify(value));
        expect(parseYaml(toYaml(json))).toEqual(json);
      }),
    );
  });
});
