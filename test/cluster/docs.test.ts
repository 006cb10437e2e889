import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { REPOSITORY, shell } from './programs.ts';

/** Shell blocks of a page, in order. */
function blocksOf(page: string): readonly string[] {
  const text = readFileSync(join(REPOSITORY, page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
}

describe.each(['docs/guide.md', 'docs/tenants.md'])('%s', (page) => {
  afterAll(async () => {
    // Whatever a failed block left behind must not meet the next test.
    await shell('kubectl delete helloworldservices --all -A --wait --timeout=60s');
    await shell('kubectl delete namespace acme --wait=false');
    await shell('kubectl delete tenant/acme plan/silver plan/bronze -n tenantry-system');
    await shell(
      'kubectl delete resourcecomposition hello-world-service-composition -n tenantry-system --wait --timeout=60s',
    );
  });

  const blocks = blocksOf(page);

  it('has commands', () => {
    // A page whose blocks are marked otherwise would show nothing.
    expect(blocks.length).toBeGreaterThan(4);
  });

  it.each(blocks.map((block, index) => [index + 1, block] as const))(
    'block %i works as written',
    async (_index, block) => {
      const { code, stdout, stderr } = await shell(`set -e\n${block}`);

      expect(code, `${block}\n${stdout}${stderr}`).toBe(0);
    },
    300_000,
  );
});
