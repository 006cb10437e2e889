import { messageOf } from '../../src/lib/error-text.ts';
import { nameOf, scriptOf, type Case } from './cases.ts';
import type { FaultScript } from './interceptor.ts';
import { problemsOf, type Ending } from './run-story.ts';

/** One story with what it takes to run it. */
export interface Runnable {
  readonly name: string;
  run(script?: FaultScript): Promise<Ending>;
}

/** Characters of one problem that are shown: a whole release is in some. */
const SHOWN = 1_500;

/** What went wrong in the cases, as texts that say how to see it again; empty if all ended well. */
export async function failuresOf(story: Runnable, calm: Ending, cases: readonly Case[]): Promise<string[]> {
  const failures: string[] = [];
  for (const one of cases) {
    const problems = await problemsIn(story, calm, one);
    if (problems.length === 0) continue;
    const told = problems.map((problem) => `\n  ${problem.slice(0, SHOWN)}`).join('');
    failures.push(`${nameOf(one)} (again: npx tsx tools/faults.ts --case ${nameOf(one)})${told}`);
  }
  return failures;
}

async function problemsIn(story: Runnable, calm: Ending, one: Case): Promise<string[]> {
  try {
    const ending = await story.run(scriptOf(one));
    const problems = problemsOf(calm, ending);
    // A place that is never reached would prove nothing.
    if (one.at !== 'seed' && ending.happened.length === 0) return ['the fault never happened'];
    return problems.length === 0 ? [] : [...ending.happened, ...problems];
  } catch (error) {
    return [messageOf(error)];
  }
}
