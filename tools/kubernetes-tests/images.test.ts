import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtName, goBuildArgs, planBuilds } from '../../src/local/build-plan.ts';
import { imageRef } from '../../src/local/images/image-list.ts';
import { IMAGE_PROGRAMS, registryList, testImages } from './images.ts';
import { TEST_PROGRAMS } from './programs.ts';

const root = join(import.meta.dirname, '../..');
const built = [...TEST_PROGRAMS.map(({ name }) => name), ...IMAGE_PROGRAMS];
const recipes = testImages(new Map(built.map((name) => [name, `/cache/${name}-1/${name}`])), '/sources');

describe('the programs of the tests', () => {
  it.each(TEST_PROGRAMS)('$name has the version that go.mod pins', ({ module, source, version }) => {
    const goMod = readFileSync(join(root, 'tools', module, 'go.mod'), 'utf8');

    expect(goMod).toContain(`${source} v${version}\n`);
  });

  it('are built by two calls: the tests by one, the commands by the other', () => {
    const calls = planBuilds(TEST_PROGRAMS).map((build) => goBuildArgs(build, '/out'));

    expect(calls.map((args) => args.filter((arg) => /^(test|build|-c)$/.test(arg)))).toEqual([
      ['test', '-c'],
      ['build'],
    ]);
    expect(TEST_PROGRAMS.map(builtName)).toEqual(TEST_PROGRAMS.map(({ name }) => name));
  });
});

describe('the images of the tests', () => {
  it.each(recipes)('$ref is made of what there is', ({ containerfile, files = new Map() }) => {
    const text = readFileSync(join(root, containerfile), 'utf8');
    const copied = [...text.matchAll(/^COPY (?!--from)(?:--\S+ )*(.+) \S+$/gm)].flatMap(
      (match) => match[1]?.split(' ') ?? [],
    );

    const folder = containerfile.replace(/Containerfile$/, '');
    const isThere = (name: string): boolean => files.has(name) || existsSync(join(root, folder, name));
    expect(copied.filter((name) => !isThere(name))).toEqual([]);
    for (const path of files.values()) expect(path).toMatch(/^\/(cache|sources)\//);
  });

  it('carry our name, where the tests are told to look', () => {
    const registries = new Map(
      registryList()
        .trim()
        .split('\n')
        .map((line): [string, string] => [line.split(': ')[0] ?? '', line.split(': ')[1] ?? '']),
    );

    for (const recipe of recipes)
      expect(imageRef(recipe, '', '').startsWith(`${registries.get('promoterE2eRegistry')}/`)).toBe(true);
    expect(registries.get('promoterE2eRegistry')).toMatch(/^localhost\/tenantry\//);
    expect(registries.get('invalidRegistry')).toMatch(/^invalid\./);
  });

  it('have a name each, so that none takes the archive of another', () => {
    expect(new Set(recipes.map(({ name }) => name)).size).toBe(recipes.length);
  });
});
