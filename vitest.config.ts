import { defineConfig } from 'vitest/config';

// One shared process for all pure and component tests: module mocks are forbidden, so nothing can leak between
// files, and 40 small files take 1.5 s instead of 10. Tests that need a real cluster live in test/cluster and run
// by `tools/test.mjs` with their own project.
export default defineConfig({
  test: {
    // One for each core: the runner itself has next to nothing to do, and Vitest would leave a core to it.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'test/unit/**/*.test.ts',
            'test/component/**/*.test.ts',
            'tools/**/*.test.ts',
            'web/**/*.test.ts',
          ],
          pool: 'threads',
          isolate: false,
          // What waits, waits for something to happen: a busy machine takes longer and is no failure.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
