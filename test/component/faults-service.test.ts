import { describe, expect, it } from 'vitest';
import { killCases } from '../faults/cases.ts';
import { runStory } from '../faults/run-story.ts';
import { SERVICE_STORIES } from '../faults/service-stories.ts';
import { failuresOf } from '../faults/try-cases.ts';

/** Milliseconds; dozens of runs a story on a machine that has other work, too. */
const PATIENCE_MS = 600_000;

/** A process that dies needs no past; those that go on have one, and the other faults: `npm run proof -- faults`. */
const STORIES = SERVICE_STORIES.filter(({ start }) => start === 'cold');

describe.each(STORIES)('a service: $name', (story) => {
  it(
    'ends as without it when the process dies around any of its writes',
    { timeout: PATIENCE_MS },
    async () => {
      const calm = await runStory(story);
      expect(calm.violations).toEqual([]);
      const cases = killCases(story.name, calm);
      expect(cases.length).toBeGreaterThanOrEqual(2);
      expect(await failuresOf(story, cases)).toEqual([]);
    },
  );
});
