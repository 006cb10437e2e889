import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '../../examples/gitops');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yaml'),
);

describe('the GitOps examples', () => {
  it.each(files)('%s holds objects', (file) => {
    const documents = parseAllDocuments(text(file));

    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents)
      expect(document.toJS()).toMatchObject({
        apiVersion: expect.any(String) as string,
        kind: expect.any(String) as string,
        metadata: { name: expect.any(String) as string },
      });
  });

  it('judge health by one script for all kinds, from conditions that the operator writes', () => {
    const { data } = z
      .object({ data: z.record(z.string(), z.string()) })
      .parse(parse(text('argocd/health.yaml')));
    const kinds = z
      .record(z.string(), z.object({ 'health.lua': z.string() }))
      .parse(parse(data['resource.customizations'] ?? ''));
    const scripts = new Set(Object.values(kinds).map((kind) => kind['health.lua']));

    expect(Object.keys(kinds)).toEqual([
      'workflows.kubeplus/ResourceComposition',
      'platformapi.kubeplus/*',
      '*.platformapi.kubeplus/*',
    ]);
    expect(scripts.size).toBe(1);
    for (const type of ['Ready', 'Stalled'])
      expect([...scripts][0]).toContain(`found.${type}.status == "True"`);
  });

  it('leave alone what the operator fills in, in the configurations that the chart has', () => {
    const Application = z.object({
      spec: z.object({
        source: z.object({ path: z.string() }),
        ignoreDifferences: z.array(z.object({ kind: z.string(), jqPathExpressions: z.array(z.string()) })),
      }),
    });
    const { spec } = Application.parse(parse(text('argocd/operator.yaml')));
    const webhooks = readFileSync(
      join(root, '../..', spec.source.path, 'templates/cluster/webhooks.yaml'),
      'utf8',
    );

    expect(webhooks).toContain('kind: {{ $type }}WebhookConfiguration');
    expect(spec.ignoreDifferences.map(({ kind }) => kind)).toEqual([
      'ValidatingWebhookConfiguration',
      'MutatingWebhookConfiguration',
    ]);
    for (const { jqPathExpressions } of spec.ignoreDifferences)
      expect(jqPathExpressions).toEqual(['.webhooks[]?.clientConfig.caBundle', '.webhooks[]?.rules']);
  });
});
