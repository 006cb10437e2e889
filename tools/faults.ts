// Everything that can go wrong with a call or an event of a watch, at every place of every story of an
// instance and of a service.
//
//   npx tsx tools/faults.ts                      all cases: every fault at every call and event, the lease lost at every
//                                                write, two leaders; and seeds that draw several faults in one run
//   npx tsx tools/faults.ts --story NAME         one story's
//   npx tsx tools/faults.ts --case NAME          one case, with every call on its way
//   npx tsx tools/faults.ts --cluster NAME       points drawn by seeds against a real API server, in a cluster of its own (nodes:
//                                                --subnet)
//   --seeds N   seeds a story (100)    --seed N   the first of them    --points N   points (20)    --out FILE   the result
//   --all       both: all cases, and the points in the cluster NAME
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { allCases, caseOf, rivalCases, type Case } from '../test/faults/cases.ts';
import { INSTANCE_STORIES } from '../test/faults/instance-stories.ts';
import { undisturbed } from '../test/faults/rivals.ts';
import { CalmEndings, endingIn } from '../test/faults/run-case.ts';
import { problemsOf, runStory } from '../test/faults/run-story.ts';
import { SERVICE_STORIES } from '../test/faults/service-stories.ts';
import type { Story } from '../test/faults/story.ts';
import { failuresOf } from '../test/faults/try-cases.ts';
import { tryRealPoints } from './faults/real-points.ts';

const { values } = parseArgs({
  options: {
    case: { type: 'string' },
    story: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string', default: '100' },
    cluster: { type: 'string' },
    subnet: { type: 'string' },
    points: { type: 'string', default: '20' },
    all: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const STORIES = [...INSTANCE_STORIES, ...SERVICE_STORIES];

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function storyOf(name: string): Story {
  const story = STORIES.find((one) => one.name === name);
  if (story === undefined)
    throw new Error(`no story ${name}; there are ${STORIES.map((one) => one.name).join(', ')}`);
  return story;
}

/** Runs one case and shows what it did. Answers whether it ended as it should. */
async function replay(one: Case): Promise<boolean> {
  const story = storyOf(one.story);
  const calm = await new CalmEndings().of(story, one.at);
  const ending = await endingIn(story, one);
  for (const { n, what, as } of ending?.calls ?? [])
    say(`${n}  ${what}${as === undefined ? '' : `  as ${as}`}`);
  say(`\nwhat happened:\n  ${ending?.happened.join('\n  ') ?? 'nothing'}`);
  const problems = ending === undefined ? ['the story never comes to that place'] : problemsOf(calm, ending);
  say(
    problems.length === 0
      ? 'it ended as without it'
      : `what is not as without it:\n  ${problems.join('\n  ')}`,
  );
  return problems.length === 0;
}

interface Result {
  readonly story: string;
  readonly cases: number;
  readonly calls: number;
  readonly events: number;
  readonly failures: readonly string[];
}

async function tryStory(story: Story, firstSeed: number, seeds: number): Promise<Result> {
  const calm = await runStory(story);
  const drawn = Array.from({ length: seeds }, (_, i): Case => ({
    story: story.name,
    at: 'seed',
    n: firstSeed + i,
  }));
  const alone = await undisturbed(story, 'late');
  const cases = [...rivalCases(story.name, alone), ...allCases(story.name, calm), ...drawn];
  say(`${story.name}: ${cases.length} cases at ${calm.calls.length} calls and ${calm.watched} events`);
  const failures = await failuresOf(story, cases);
  for (const failure of failures) say(`✗ ${failure}`);
  return { story: story.name, cases: cases.length, calls: calm.calls.length, events: calm.watched, failures };
}

interface Outcome {
  readonly holds: boolean;
  readonly result: object;
}

async function tryAll(seed: number): Promise<Outcome> {
  const stories = values.story === undefined ? STORIES : [storyOf(values.story)];
  const results: Result[] = [];
  for (const story of stories) results.push(await tryStory(story, seed, Number(values.seeds)));
  const failed = results.reduce((sum, { failures }) => sum + failures.length, 0);
  const cases = results.reduce((sum, one) => sum + one.cases, 0);
  say(`${cases} cases, ${failed} failed, first seed ${seed}`);
  return { holds: failed === 0, result: { cases, failed, results } };
}

async function tryReal(cluster: string, firstSeed: number): Promise<Outcome> {
  const { subnet } = values;
  const real = await tryRealPoints({ cluster, subnet, firstSeed, points: Number(values.points), say });
  const failed = real.points.filter(({ problems }) => problems.length > 0).length;
  say(`${real.points.length} points against a real API server, ${failed} failed, first seed ${firstSeed}`);
  return { holds: failed === 0, result: { real } };
}

/** What the options ask for. */
async function tryWanted(): Promise<boolean> {
  if (values.case !== undefined) return replay(caseOf(values.case));
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const outcomes = [
    ...(values.cluster === undefined || values.all ? [await tryAll(seed)] : []),
    ...(values.cluster === undefined ? [] : [await tryReal(values.cluster, seed)]),
  ];
  const result = Object.assign({ seed }, ...outcomes.map((one) => one.result)) as object;
  if (values.out !== undefined) writeFileSync(values.out, JSON.stringify(result));
  return outcomes.every(({ holds }) => holds);
}

process.exit((await tryWanted()) ? 0 : 1);
