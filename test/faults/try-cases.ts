import { messageOf } from '../../src/lib/error-text.ts';
import { nameOf, type Case } from './cases.ts';
import { CalmEndings, endingIn } from './run-case.ts';
import { problemsOf } from './run-story.ts';
import type { Story } from './story.ts';

/** Characters of one problem that are shown: a whole release is in some. */
const SHOWN = 1_500;

/** What went wrong in the cases, as texts that say how to see it again; empty if all ended well. */
export async function failuresOf(story: Story, cases: readonly Case[]): Promise<string[]> {
  const calm = new CalmEndings();
  const failures: string[] = [];
  for (const one of cases) {
    const problems = await problemsIn(story, calm, one);
    if (problems.length === 0) continue;
    const told = problems.map((problem) => `\n  ${problem.slice(0, SHOWN)}`).join('');
    failures.push(`${nameOf(one)} (again: npx tsx tools/faults.ts --case ${nameOf(one)})${told}`);
  }
  return failures;
}

async function problemsIn(story: Story, calm: CalmEndings, one: Case): Promise<readonly string[]> {
  try {
    const ending = await endingIn(story, one);
    // A place that is never reached would prove nothing.
    if (ending === undefined) return ['the fault never happened'];
    const problems = problemsOf(await calm.of(story, one.at), ending);
    return problems.length === 0 ? [] : [...ending.happened, ...problems];
  } catch (error) {
    return [messageOf(error)];
  }
}
