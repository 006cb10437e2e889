import { isJsonObject } from '../../api/json-schema.ts';
import type { PostCreateHook } from '../../api/post-create-hook.ts';
import { RenderError, type Engine } from '../../helm/rendering.ts';
import type { AnyObject, Json } from '../../kube/object.ts';
import { HookError } from './hook-error.ts';
import { LEAF_CHART } from './leaf-chart.ts';
import { leavesOf, withLeaves } from './leaves.ts';
import { missingIn } from './references.ts';
import type { Variables } from './variables.ts';

/** What the engine wants to know of a cluster; no text of a hook can ask for it. */
const NO_CLUSTER = { kubeVersion: 'v1.37.0', apiVersions: [] };

/** The objects of a hook with its variables in place, in the hook's order. Throws HookError that says what to change. */
export async function renderHook(
  engine: Pick<Engine, 'load' | 'render'>,
  hook: PostCreateHook,
  variables: Variables,
  signal?: AbortSignal,
): Promise<readonly AnyObject[]> {
  // Objects of the API: JSON.
  const templates = (hook.spec?.templates ?? []) as readonly Json[];
  const texts = leavesOf(templates);
  const [missing, ...more] = missingIn(texts, variables);
  if (missing !== undefined) {
    const others = more.length === 0 ? '' : `, nor ${more.join(', ')}`;
    throw new HookError(
      `variable ${missing} has no value${others}: set it in vars of the plane's postCreateHooks, in its globalVars, or in defaultVars of the hook`,
    );
  }
  const rendered = await renderTexts(engine, texts, variables, signal);
  return templates.flatMap((template, i) => objectOf(withLeaves(template, rendered), `templates[${i}]`));
}

async function renderTexts(
  engine: Pick<Engine, 'load' | 'render'>,
  texts: readonly string[],
  variables: Variables,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, string>> {
  if (texts.length === 0) return new Map();
  try {
    await engine.load(LEAF_CHART.digest, LEAF_CHART.archive);
    const { manifests, volatile } = await engine.render({
      digest: LEAF_CHART.digest,
      release: { name: 'hook', namespace: 'default', revision: 1, isUpgrade: false },
      values: { texts, variables },
      capabilities: NO_CLUSTER,
      ...(signal === undefined ? {} : { signal }),
    });
    if (volatile.length > 0) {
      throw new HookError(
        `it uses ${volatile.join(', ')}, which answers something else each time: give the value as a variable`,
      );
    }
    const answers = answersIn(manifests[0]?.content ?? '');
    return new Map(texts.map((text, i) => [text, answers[i] ?? '']));
  } catch (error) {
    if (error instanceof RenderError && error.code !== 'Cancelled')
      throw new HookError(error.message, { cause: error });
    throw error;
  }
}

function answersIn(content: string): readonly string[] {
  const json: unknown = JSON.parse(content);
  const texts = isJsonObject(json) ? json['texts'] : undefined;
  return Array.isArray(texts) ? texts.map(String) : [];
}

/** The object as it may be written; none where its name came out empty. */
function objectOf(value: Json, where: string): readonly AnyObject[] {
  const metadata = isJsonObject(value) ? value['metadata'] : undefined;
  if (!isJsonObject(value) || !isJsonObject(metadata))
    throw new HookError(`${where} is not an object with apiVersion, kind and metadata`);
  const { apiVersion, kind } = value;
  const name = metadata['name'];
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '' || kind === '')
    throw new HookError(`${where} has no apiVersion or no kind`);
  if (name === '') return [];
  if (typeof name !== 'string')
    throw new HookError(
      `${where} (${kind}) has no metadata.name; generateName would make another object each time`,
    );
  // Checked above: apiVersion, kind and a name are there; the other fields are JSON.
  return [{ ...value, metadata: { ...metadata, name } } as unknown as AnyObject];
}
