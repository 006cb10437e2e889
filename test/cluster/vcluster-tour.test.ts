import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromRunner, REPOSITORY, run, shell } from './programs.ts';

const bin = mkdtempSync(join(tmpdir(), 'tenantry-vcluster-'));

beforeAll(async () => {
  // Under its own name, as an installed package has it.
  writeFileSync(join(bin, 'vcluster'), `#!/bin/sh\nexec tenantry vcluster "$@"\n`, { mode: 0o755 });
  await run(`tenantry cluster plane-images --name ${fromRunner('TENANTRY_CLUSTER')}`);
}, 120_000);
afterAll(() => rmSync(bin, { recursive: true }));

describe('the tour of virtual clusters', () => {
  it('does what it says, step by step', { timeout: 300_000 }, async () => {
    // An image that every cluster with an operator has, and in it a program that waits.
    const images = await run(
      "kubectl get deployments -n tenantry-system -o jsonpath='{.items[0].spec.template.spec.containers[0].image}'",
    );
    const begin = performance.now();

    const { code, stdout, stderr } = await shell(
      `PATH=${bin}:$PATH ${REPOSITORY}/examples/vcluster/tour.sh`,
      {
        env: { IMAGE: images, RUN: 'node -e "setInterval(Object, 1000)"' },
      },
    );

    expect(`${stdout}${stderr}`).toContain('The tour is over: 8 steps.');
    expect(code).toBe(0);
    process.stdout.write(`tour of two customers: ${((performance.now() - begin) / 1000).toFixed(0)} s\n`);
  });
});
