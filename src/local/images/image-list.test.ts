import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { IMAGES, imageRecipe, imageRef, isImageName } from './image-list.ts';

const root = join(import.meta.dirname, '../../..');
const text = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the list of images', () => {
  it.each(IMAGES)('has a Containerfile for $name that takes its base as an argument', (recipe) => {
    const argument = {
      debian: 'ARG BASE_IMAGE=docker.io/',
      node: 'ARG NODE_IMAGE=docker.io/',
      scratch: 'FROM scratch',
    };

    expect(text(recipe.containerfile)).toContain(argument[recipe.base]);
  });

  it.each(IMAGES)('hashes the Containerfile of $name', (recipe) => {
    expect(recipe.inputs.some((input) => recipe.containerfile.startsWith(input))).toBe(true);
  });

  it('gives every image of the examples the tag that the example asks for', () => {
    const wordpress = z
      .object({ images: z.object({ wordpress: z.string(), mariadb: z.string() }) })
      .parse(parse(text('examples/multitenancy/wordpress/chart/values.yaml')));
    const hello = z
      .object({ image: z.string() })
      .parse(parse(text('examples/multitenancy/hello-world/chart/values.yaml')));

    const asked = [wordpress.images.wordpress, wordpress.images.mariadb, hello.image].map((ref) =>
      ref.split('/').at(-1),
    );

    expect(asked).toEqual(
      (['wordpress', 'mariadb', 'http-echo'] as const).map((name) =>
        imageRef(imageRecipe(name), '0.1.0', 'k').split('/').at(-1),
      ),
    );
  });

  it('leaves nothing out of the operator’s context that its Containerfile copies', () => {
    const copied = [...text('Containerfile').matchAll(/^COPY (\S+)/gm)].map((match) => match[1] ?? '');
    const kept = text('.containerignore').split('\n');

    expect(copied.length).toBeGreaterThan(0);
    for (const path of copied) expect(kept).toContain(`!${path}`);
    expect(existsSync(join(root, 'deploy'))).toBe(true);
  });
});

describe('imageRef', () => {
  it('makes the operator’s tag of version and content', () => {
    expect(imageRef(imageRecipe('operator'), '1.2.3', '0123456789abcdef')).toBe(
      'localhost/tenantry/operator:1.2.3-0123456789',
    );
  });
});

describe('isImageName', () => {
  it.each([
    ['operator', true],
    ['redis', false],
  ])('says of %s %s', (name, expected) => {
    expect(isImageName(name)).toBe(expected);
  });
});
