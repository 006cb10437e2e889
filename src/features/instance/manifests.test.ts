import { describe, expect, it } from 'vitest';
import { manifestText } from '../../helm/release.ts';
import { parseRendering, splitManifests } from './manifests.ts';

const MANIFESTS = [
  { source: 'w/templates/a.yaml', content: 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n' },
  {
    source: 'w/templates/b.yaml',
    content:
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata:\n  x: |\n    ---\n    # Source: fake\n',
  },
];

describe('splitManifests', () => {
  it('reads back what a release keeps, look-alikes of the separator included', () => {
    expect(splitManifests(manifestText(MANIFESTS))).toEqual(MANIFESTS);
  });

  it('is empty for a chart that renders nothing', () => {
    expect(splitManifests(manifestText([]))).toEqual([]);
  });
});

describe('parseRendering', () => {
  it('keeps the template of every object', async () => {
    const parsed = await parseRendering({ manifests: MANIFESTS, hooks: [], notes: '', volatile: [] });

    expect(parsed.objects.map(({ source, object }) => [source, object.metadata.name])).toEqual([
      ['w/templates/a.yaml', 'a'],
      ['w/templates/b.yaml', 'b'],
    ]);
  });

  it('names the template of what is no manifest', async () => {
    const broken = { source: 'w/templates/c.yaml', content: 'kind: ConfigMap' };

    await expect(parseRendering({ manifests: [broken], hooks: [], notes: '', volatile: [] })).rejects.toThrow(
      /w\/templates\/c\.yaml.*apiVersion/,
    );
  });
});
