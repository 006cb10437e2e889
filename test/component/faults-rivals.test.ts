import { describe, expect, it } from 'vitest';
import { rivalCases } from '../faults/cases.ts';
import { INSTANCE_STORIES } from '../faults/instance-stories.ts';
import { undisturbed } from '../faults/rivals.ts';
import { SERVICE_STORIES } from '../faults/service-stories.ts';
import { failuresOf } from '../faults/try-cases.ts';

/** Milliseconds; dozens of runs a story on a machine that has other work, too. */
const PATIENCE_MS = 600_000;

const STORIES = [...INSTANCE_STORIES, ...SERVICE_STORIES.filter(({ start }) => start === 'cold')];
/** Those with most to lose: hooks that run, objects that go, instances that upgrade. The others: `npm run proof -- faults`. */
const TRIED_LATE = ['change-hooks', 'delete', 'remove-forced-cold'];

describe.each(STORIES)('two leaders: $name', (story) => {
  it('end as one alone when both believe that they lead', { timeout: PATIENCE_MS }, async () => {
    expect(await failuresOf(story, [{ story: story.name, at: 'both', n: 1 }])).toEqual([]);
  });
});

describe.each(STORIES.filter(({ name }) => TRIED_LATE.includes(name)))('a lost lease: $name', (story) => {
  it('changes nothing when writes arrive after the next leader', { timeout: PATIENCE_MS }, async () => {
    const calm = await undisturbed(story, 'late');
    const cases = rivalCases(story.name, calm).filter(({ at }) => at === 'late');
    expect(cases.length).toBeGreaterThanOrEqual(9);
    expect(await failuresOf(story, cases)).toEqual([]);
  });
});
