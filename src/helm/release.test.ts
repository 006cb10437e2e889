import { describe, expect, it } from 'vitest';
import { chartOfRelease, manifestText, revisionsToForget, type ReleaseStatus } from './release.ts';
import type { ChartInfo } from './rendering.ts';

const history = (...statuses: ReleaseStatus[]): { version: number; status: ReleaseStatus }[] =>
  statuses.map((status, index) => ({ version: index + 1, status }));

describe('revisionsToForget', () => {
  it.each<[string, ReleaseStatus[], number[]]>([
    ['nothing while there is room', ['superseded', 'deployed'], []],
    ['the oldest one when the next would be one too many', ['superseded', 'superseded', 'deployed'], [1]],
    ['as many as are too many', ['superseded', 'failed', 'superseded', 'superseded', 'deployed'], [1, 2, 3]],
    ['never the one that is deployed', ['deployed', 'failed', 'failed', 'failed'], [2, 3]],
    ['an older one that calls itself deployed, too', ['deployed', 'superseded', 'deployed'], [1]],
    ['nothing of nothing', [], []],
  ])('forgets %s', (_name, statuses, forgotten) => {
    expect(revisionsToForget(history(...statuses), 3)).toEqual(forgotten);
  });

  it('keeps ten as Helm does, in whatever order they come', () => {
    const revisions = history(...Array<ReleaseStatus>(10).fill('superseded')).reverse();

    expect(revisionsToForget(revisions)).toEqual([1]);
  });
});

describe('manifestText', () => {
  it('marks each document with its template', () => {
    expect(manifestText([{ source: 'a/templates/x.yaml', content: 'kind: X' }])).toBe(
      '---\n# Source: a/templates/x.yaml\nkind: X\n',
    );
  });
});

describe('chartOfRelease', () => {
  it('divides files as Helm does and leaves dependencies out', () => {
    const data = new TextEncoder().encode('x');
    const names = [
      'Chart.yaml',
      'Chart.lock',
      'values.yaml',
      'values.schema.json',
      'README.md',
      'crds/a.yaml',
      'templates/a.yaml',
      'charts/b/values.yaml',
    ];
    const info: ChartInfo = {
      name: 'demo',
      version: '1',
      appVersion: '',
      description: '',
      kubeVersion: '',
      type: 'application',
      valuesYaml: '',
      values: { a: 1 },
      valuesSchema: undefined,
      crds: [],
      metadata: { name: 'demo' },
    };

    const chart = chartOfRelease(info, { folder: 'demo', files: new Map(names.map((name) => [name, data])) });

    expect(chart.templates.map(({ name }) => name)).toEqual(['templates/a.yaml']);
    expect(chart.files.map(({ name }) => name)).toEqual(['README.md', 'crds/a.yaml']);
    expect(chart).toMatchObject({ metadata: { name: 'demo' }, values: { a: 1 }, schema: data });
  });
});
