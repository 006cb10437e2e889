import { describe, expect, it } from 'vitest';
import { parseManifests } from '../kube/yaml.ts';
import { objectsOfManifest, readAhead } from './read-ahead.ts';
import type { Hook, Rendering } from './rendering.ts';

const HOOK: Omit<Hook, 'content'> = {
  source: 'hook.yaml',
  name: 'h',
  kind: 'Job',
  events: ['pre-install'],
  weight: 0,
  deletePolicies: [],
};
const rendering = (content: string, hook = content): Rendering => ({
  manifests: [{ source: 'all.yaml', content }],
  hooks: [{ ...HOOK, content: hook }],
  notes: '',
  volatile: [],
});

const SOME = `
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {mode: 0755, on: yes, text: "0755", none: ~}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Secret, metadata: {name: b}}
`;

describe('reading ahead', () => {
  it('brings what reading the manifest would, hooks too, and says how much that is', () => {
    const { rendering: read, added } = readAhead(rendering(SOME));

    const [manifest, hook] = [...read.manifests, ...read.hooks];
    expect(JSON.parse(manifest?.objects ?? 'null')).toEqual(parseManifests(SOME));
    expect(hook?.objects).toBe(manifest?.objects);
    expect(added).toBe((manifest?.objects?.length ?? 0) * 2);
    expect(manifest?.content).toBe(SOME);
  });

  it('is nothing that a reader of manifests has to know', () => {
    const { rendering: read } = readAhead(rendering(SOME));

    for (const { manifests } of [read, rendering(SOME)])
      expect(manifests.map(objectsOfManifest)).toEqual([parseManifests(SOME)]);
  });

  it.each([
    ['no manifest', 'kind: ConfigMap\n'],
    ['no YAML', 'a: b: c'],
    ['too long', `${SOME}# ${'x'.repeat(70_000)}`],
  ])('leaves what is %s to whoever can say so', (_what, content) => {
    const { rendering: read, added } = readAhead(rendering(content));

    expect(read).toEqual(rendering(content));
    expect(added).toBe(0);
  });
});
