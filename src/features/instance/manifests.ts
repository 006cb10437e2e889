import type { AnyObject } from '../../kube/object.ts';
import { objectsOfManifest } from '../../helm/read-ahead.ts';
import { RenderError, type Hook, type Manifest, type Rendering } from '../../helm/rendering.ts';
import { messageOf } from '../../lib/error-text.ts';
import { takeTurns } from '../../lib/in-turns.ts';

/** An object and the template file that it came from. */
export interface SourcedObject {
  readonly source: string;
  readonly object: AnyObject;
}

/** A hook with its object parsed. */
export interface SourcedHook extends SourcedObject {
  readonly hook: Hook;
}

export interface ParsedRendering {
  readonly objects: readonly SourcedObject[];
  readonly hooks: readonly SourcedHook[];
}

/**
 * The objects of a rendering. Rejects with RenderError (TemplateFailed) that names the template for what is no manifest. Charts may
 * render megabytes: others get their turn in between.
 */
export async function parseRendering(rendering: Rendering): Promise<ParsedRendering> {
  const pass = takeTurns();
  const objects: SourcedObject[] = [];
  const hooks: SourcedHook[] = [];
  for (const manifest of rendering.manifests) {
    objects.push(...parse(manifest).map((object) => ({ source: manifest.source, object })));
    await pass(manifest.content.length);
  }
  for (const hook of rendering.hooks) {
    hooks.push(...parse(hook).map((object) => ({ source: hook.source, object, hook })));
    await pass(hook.content.length);
  }
  return { objects, hooks };
}

function parse(manifest: Manifest): readonly AnyObject[] {
  try {
    return objectsOfManifest(manifest);
  } catch (cause) {
    const reason = messageOf(cause);
    throw new RenderError('TemplateFailed', `${manifest.source}: ${reason}`, { cause });
  }
}

const SEPARATOR = '---\n# Source: ';

/** The manifests of a release (`manifestText` joined them). A separator can stand nowhere else: in YAML it ends a document. */
export function splitManifests(text: string): readonly Manifest[] {
  const whole = text.endsWith('\n') ? text.slice(0, -1) : text;
  return `\n${whole}`
    .split(`\n${SEPARATOR}`)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      return end < 0
        ? { source: part, content: '' }
        : { source: part.slice(0, end), content: part.slice(end + 1) };
    });
}
