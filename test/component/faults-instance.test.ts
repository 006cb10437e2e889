import { describe, expect, it } from 'vitest';
import { killCases } from '../faults/cases.ts';
import { INSTANCE_STORIES } from '../faults/instance-stories.ts';
import { runStory } from '../faults/run-story.ts';
import { failuresOf } from '../faults/try-cases.ts';

/** Milliseconds; dozens of runs a story on a machine that has other work, too. */
const PATIENCE_MS = 600_000;

/** The other faults are thousands of cases: `npm run proof -- faults`. */
describe.each(INSTANCE_STORIES)('an instance: $name', (story) => {
  it(
    'ends as without it when the process dies around any of its writes',
    { timeout: PATIENCE_MS },
    async () => {
      const calm = await runStory(story);
      expect(calm.violations).toEqual([]);
      const cases = killCases(story.name, calm);
      expect(cases.length).toBeGreaterThanOrEqual(14);
      expect(await failuresOf(story, cases)).toEqual([]);
    },
  );
});
