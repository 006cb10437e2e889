import { scriptOf, type Case } from './cases.ts';
import { bothBelieve, loseLease, undisturbed } from './rivals.ts';
import { runStory, type Ending } from './run-story.ts';
import type { Story } from './story.ts';

/** How a story ends with what goes wrong in a case; undefined if it never comes to that place. */
export async function endingIn(story: Story, one: Case): Promise<Ending | undefined> {
  switch (one.at) {
    case 'acted':
    case 'late':
    case 'later':
      return loseLease(story, one.n, one.at);
    case 'both':
      return bothBelieve(story);
    case 'seed':
      return runStory(story, scriptOf(one));
    case 'call':
    case 'event': {
      const ending = await runStory(story, scriptOf(one));
      return ending.happened.length === 0 ? undefined : ending;
    }
  }
}

/** How stories end when nothing goes wrong, each found out once. */
export class CalmEndings {
  readonly #known = new Map<string, Promise<Ending>>();

  /** The ending that one of a case is compared with. */
  of(story: Story, at: Case['at']): Promise<Ending> {
    // With rivals a story begins with processes that have just been started.
    const alike = at === 'acted' || at === 'late' || at === 'both' ? 'rivals' : at === 'later' ? at : 'alone';
    const key = `${story.name}/${alike}`;
    const known = this.#known.get(key) ?? endingOf(story, alike);
    this.#known.set(key, known);
    return known;
  }
}

function endingOf(story: Story, alike: 'rivals' | 'later' | 'alone'): Promise<Ending> {
  if (alike === 'alone') return runStory(story);
  return undisturbed(story, alike === 'later' ? 'later' : 'late');
}
