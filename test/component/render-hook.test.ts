import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostCreateHook } from '../../src/api/post-create-hook.ts';
import { renderHook } from '../../src/features/hooks/render-hook.ts';
import type { HelmEngine } from '../../src/helm/engine.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { startEngine } from './helm-engine.ts';

let engine: HelmEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const configMap = (data: Record<string, unknown>, name = '{{.HookName}}'): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const render = (
  templates: readonly unknown[],
  variables: Record<string, string> = {},
): Promise<readonly AnyObject[]> => {
  const hook = {
    apiVersion: 'tenancy.kflex.kubestellar.org/v1alpha1',
    kind: 'PostCreateHook',
    metadata: { name: 'hello' },
    spec: { templates },
  } as PostCreateHook; // true by the form above: templates are objects
  return renderHook(engine, hook, { HookName: 'hello', ...variables });
};

describe('a hook', () => {
  it('is rendered by the functions and conditions of Helm', async () => {
    const [object] = await render(
      [
        configMap({
          upper: '{{ .MESSAGE | upper }}',
          mode: '{{ if eq .mode "strict" }}deny{{ else }}allow{{ end }}',
          list: '{{ range splitList "," .hosts }}<{{ . }}>{{ end }}',
        }),
      ],
      { MESSAGE: 'hello', mode: 'strict', hosts: 'a,b' },
    );

    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'hello' },
      data: { upper: 'HELLO', mode: 'deny', list: '<a><b>' },
    });
  });

  it('gives numbers and lists where a text ends in toJson', async () => {
    const spec = { replicas: '{{ int .n | toJson }}', args: '{{ splitList "," .args | toJson }}' };
    const [object] = await render([{ ...configMap({}), spec }], { n: '3', args: 'a,b' });

    expect(object?.['spec']).toEqual({ replicas: 3, args: ['a', 'b'] });
  });

  it.each([
    ['quotes and braces', '"}, "kind": "Secret", "x": {"'],
    ['lines', 'a\n---\nkind: Secret\nmetadata:\n  name: x'],
    ['an action', '{{ .Values }}{{ end }}{{ fail "x" }}'],
    ['backslashes', 'C:\\n\\"'],
    ['letters that JSON escapes', '<&>\u2028'],
  ])('lets no variable out of its text: %s', async (_what, value) => {
    const objects = await render([configMap({ a: 'x {{.V}} y' })], { V: value });

    expect(objects).toEqual([{ ...configMap({ a: `x ${value} y` }, 'hello') }]);
  });

  it('says which variable has no value', async () => {
    await expect(render([configMap({ a: '{{.MESAGE}}' })], { MESSAGE: 'x' })).rejects.toThrow(
      /variable MESAGE has no value: set it in vars/,
    );
  });

  it('says what a template can’t do', async () => {
    await expect(render([configMap({ a: '{{ .A' })], {})).rejects.toThrow(/unclosed action/);
    await expect(render([configMap({ a: '{{ fail "no" }}' })])).rejects.toThrow(/no/);
    await expect(render([configMap({ a: '{{ randAlphaNum 5 }}' })])).rejects.toThrow(
      /uses randAlphaNum, which answers something else each time/,
    );
  });

  it('sees its variables and nothing else', async () => {
    const [object] = await render([configMap({ a: '{{ . | toJson }}', b: 'x{{ $ | toJson }}' })], { V: '1' });
    const all = { HookName: 'hello', V: '1' };

    expect(object?.['data']).toEqual({ a: all, b: `x${JSON.stringify(all)}` });
  });

  it('leaves out a template whose name comes out empty, and refuses one without a name', async () => {
    const name = '{{ if eq .mode "strict" }}deny{{ end }}';

    expect(await render([configMap({}, name)], { mode: 'open' })).toEqual([]);
    expect(await render([configMap({}, name)], { mode: 'strict' })).toHaveLength(1);
    await expect(
      render([{ apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'x-' } }]),
    ).rejects.toThrow(/no metadata.name/);
  });
});
