import { describe, expect, it } from 'vitest';
import { rulesTable } from './review-rules.ts';

describe('rulesTable', () => {
  it('has a row for each thing as kubectl prints it, paths last', () => {
    const { header, rows } = rulesTable([
      { nonResourceURLs: ['/version'], verbs: ['get'] },
      { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['a'], verbs: ['list', 'get'] },
      { apiGroups: [''], resources: ['pods', 'events'], verbs: ['get'] },
    ]);

    expect(header).toEqual(['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs']);
    expect(rows).toEqual([
      ['events', '[]', '[]', '[get]'],
      ['pods', '[]', '[]', '[get]'],
      ['deployments.apps', '[]', '[a]', '[get list]'],
      [' ', '[/version]', '[]', '[get]'],
    ]);
  });
});
