import { defineConfig } from 'vitest/config';

// The tests that stand beside the code or need it most, without those that start servers or the Helm engine, or read the
// repository: a mutant costs one run of what covers it, and must be found by the table that is meant for it.
export default defineConfig({
  test: {
    include: [
      'src/{lib,kube,api,runtime}/**/*.test.ts',
      'src/features/{instance,service}/**/*.test.ts',
      'test/unit/values-schema-properties.test.ts',
    ],
    pool: 'threads',
    isolate: false,
    // As in the gate: what waits, waits for something to happen.
    testTimeout: 30_000,
  },
});
