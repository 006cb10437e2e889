import { z } from 'zod';
import { reasonToSkip, type Skip } from './skips.ts';

/** What ginkgo writes of a run (`--json-report`), as far as it is read here. */
const Report = z.array(
  z.object({
    SpecReports: z
      .array(
        z.object({
          ContainerHierarchyTexts: z.array(z.string()).nullable(),
          LeafNodeType: z.string(),
          LeafNodeText: z.string(),
          State: z.string(),
          NumAttempts: z.number(),
          RunTime: z.number(),
          Failure: z.object({ Message: z.string() }).partial().optional(),
        }),
      )
      .nullable(),
  }),
);

/** One test as a run left it. */
export interface TestOutcome {
  readonly name: string;
  /** Ginkgo's word: `passed`, `failed`, `skipped`, `timedout`, … */
  readonly state: string;
  readonly seconds: number;
  readonly attempts: number;
  /** Why it failed or skipped itself; '' otherwise. */
  readonly message: string;
}

/** All tests that a report names, those too that were not chosen. Throws where the text is no report. */
export function readReport(text: string): readonly TestOutcome[] {
  return Report.parse(JSON.parse(text))
    .flatMap(({ SpecReports }) => SpecReports ?? [])
    .filter(({ LeafNodeType }) => LeafNodeType === 'It')
    .map((spec) => ({
      name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' '),
      state: spec.State,
      seconds: Math.round(spec.RunTime / 1e9),
      attempts: spec.NumAttempts,
      message: spec.Failure?.Message ?? '',
    }));
}

/** What is kept of a run. */
export interface Summary {
  /** Tests of the suite, those left out included. */
  readonly all: number;
  readonly passed: number;
  /** Those that passed at the second attempt only. */
  readonly flaky: readonly string[];
  /** Those that failed at both. */
  readonly failed: readonly Pick<TestOutcome, 'name' | 'message'>[];
  /** Left out by the skip file or by the test itself: how many for which reason. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** The longest message that is kept of a failure, in characters; the log has the whole. */
const MAX_MESSAGE = 400;

/** Counts what became of a suite's tests. */
export function summarize(outcomes: readonly TestOutcome[], skips: readonly Skip[]): Summary {
  const skipped: Record<string, number> = {};
  for (const { name, state, message } of outcomes) {
    if (state !== 'skipped' && state !== 'pending') continue;
    const reason = reasonToSkip(skips, name) ?? (message === '' ? 'not chosen' : `the test says: ${message}`);
    skipped[reason] = (skipped[reason] ?? 0) + 1;
  }
  return {
    all: outcomes.length,
    passed: outcomes.filter(({ state }) => state === 'passed').length,
    flaky: outcomes
      .filter(({ state, attempts }) => state === 'passed' && attempts > 1)
      .map(({ name }) => name),
    failed: failures(outcomes).map(({ name, message }) => ({ name, message: message.slice(0, MAX_MESSAGE) })),
    skipped,
  };
}

/** Those that ran and did not pass. */
export function failures(outcomes: readonly TestOutcome[]): readonly TestOutcome[] {
  return outcomes.filter(({ state }) => !['passed', 'skipped', 'pending'].includes(state));
}
