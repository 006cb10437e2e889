import type { AnyObject } from '../kube/object.ts';
import { parseManifests } from '../kube/yaml.ts';
import type { Manifest, Rendering } from './rendering.ts';

/**
 * Reading YAML is the longest piece of work that a rendering brings to the main thread, where everybody waits for it: the worker that
 * rendered reads what it made, and hands over JSON, which costs a tenth.
 */

/** Letters of a manifest; a longer one takes more memory to read than a worker has, and is read where it is needed. */
const LONGEST = 65_536;

/** The rendering with its manifests read, and how many letters that adds. What can't be read is left for whoever can say so. */
export function readAhead(rendering: Rendering): { readonly rendering: Rendering; readonly added: number } {
  let added = 0;
  const read = <T extends Manifest>(manifest: T): T => {
    const objects = objectsIn(manifest);
    added += objects?.length ?? 0;
    return objects === undefined ? manifest : { ...manifest, objects };
  };
  const { manifests, hooks } = rendering;
  return { rendering: { ...rendering, manifests: manifests.map(read), hooks: hooks.map(read) }, added };
}

function objectsIn({ content }: Manifest): string | undefined {
  if (content.length > LONGEST) return undefined;
  try {
    return JSON.stringify(parseManifests(content));
  } catch {
    return undefined;
  }
}

/** The objects of a manifest, read here where nobody has read them. Throws YamlError. */
export function objectsOfManifest({ content, objects }: Manifest): readonly AnyObject[] {
  // The engine's own words: what `parseManifests` gave there.
  return objects === undefined ? parseManifests(content) : (JSON.parse(objects) as readonly AnyObject[]);
}
