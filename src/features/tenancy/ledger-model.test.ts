import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tenant } from '../../api/tenant.ts';
import { judgePlace, type Taken } from './judge.ts';
import { settledPlaces, withCreation } from './places.ts';

/** Places of the plan; one, and few names, so that most moves are about the same place. */
const OFFERED = 1;
const NAMES = ['a', 'b', 'c'];
/** Ticks in which a creation that was let through succeeds or never does. */
const DEADLINE = 4;

const TENANT: Tenant = {
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'Tenant',
  metadata: { name: 't', namespace: 'p', uid: 'u' },
  spec: { plan: 'small' },
};

/** A creation on its way: read the ledger, swap it, then the API server stores the object or refuses it. */
interface Creation {
  readonly place: string;
  readonly uid: string;
  state: 'asks' | 'judged' | 'let through' | 'over';
  read: { version: number; taken: Taken } | undefined;
  deadline: number;
}

/** An API server with one ledger, two replicas that admit, and a leader that gives places back from what it sees. */
class Model {
  version = 0;
  taken: Taken = { places: {} };
  readonly objects = new Map<string, string>();
  creations: Creation[] = [];
  now = 0;
  #uids = 0;
  /** What the leader's store has: it may be behind. */
  #store = new Map<string, string>();
  #since = new Map<string, number>();
  #leader: { version: number; taken: Taken; absent: Set<string> } | undefined;

  create(name: string): void {
    this.#uids += 1;
    const place = `g/Shop/ns/${name}`;
    this.creations.push({ place, uid: `u${this.#uids}`, state: 'asks', read: undefined, deadline: 0 });
  }

  /** As far as it goes without anybody between. */
  letThrough(name: string): void {
    this.create(name);
    for (let step = 0; step < 2; step += 1) this.advance(this.last(), 'stored');
  }

  last(): Creation {
    const creation = this.creations.at(-1);
    if (creation === undefined) throw new Error('nothing was created');
    return creation;
  }

  /** The next thing that happens to one creation. */
  advance(creation: Creation, outcome: 'stored' | 'refused'): void {
    const { place, uid } = creation;
    if (creation.state === 'asks') {
      creation.read = { version: this.version, taken: this.taken };
      creation.state = 'judged';
    } else if (creation.state === 'judged' && creation.read !== undefined) {
      const { version, taken } = creation.read;
      const ask = {
        place,
        uid,
        tenant: TENANT,
        plan: { instances: OFFERED },
        quotaOf: () => undefined,
        now: 0,
      };
      if (judgePlace(taken, ask).length > 0) creation.state = 'over';
      else if (this.swap(version, { places: withCreation(taken.places, place, uid) })) {
        creation.state = 'let through';
        creation.deadline = this.now + DEADLINE;
      } else creation.state = 'asks';
    } else if (creation.state === 'let through') {
      creation.state = 'over';
      if (outcome === 'stored' && this.now < creation.deadline && !this.objects.has(place))
        this.objects.set(place, uid);
    }
  }

  swap(version: number, taken: Taken): boolean {
    if (version !== this.version) return false;
    this.version += 1;
    this.taken = taken;
    return true;
  }

  remove(name: string): void {
    this.objects.delete(`g/Shop/ns/${name}`);
  }

  storeCatchesUp(): void {
    this.#store = new Map(this.objects);
  }

  /** First half of the leader's look: the ledger, then the API for what seems to be gone. */
  leaderLooks(): void {
    const { version, taken } = this;
    for (const uid of Object.values(taken.places).flat())
      if (!this.#since.has(uid)) this.#since.set(uid, this.now);
    const absent = new Set(
      Object.keys(taken.places).filter((place) => !this.#store.has(place) && !this.objects.has(place)),
    );
    this.#leader = { version, taken, absent };
  }

  /** Second half: the swap. What it saw may be old by now. */
  leaderWrites(): void {
    const look = this.#leader;
    this.#leader = undefined;
    if (look === undefined) return;
    const isExpired = (uid: string): boolean => this.now - (this.#since.get(uid) ?? this.now) >= DEADLINE;
    const places = settledPlaces(look.taken.places, { present: this.#store, absent: look.absent, isExpired });
    this.swap(look.version, { places });
  }

  leader(): void {
    this.leaderLooks();
    this.leaderWrites();
  }

  /** Another process leads, and remembers nothing. */
  leaderDies(): void {
    this.#leader = undefined;
    this.#since = new Map();
    this.#store = new Map();
  }

  settle(): void {
    for (let round = 0; round < 100; round += 1)
      for (const creation of this.creations) this.advance(creation, 'stored');
    for (let round = 0; round < 3; round += 1) {
      this.storeCatchesUp();
      this.leaderLooks();
      this.now += DEADLINE;
      this.leaderWrites();
    }
  }
}

type Move = readonly [string, (model: Model) => void];

const name = fc.constantFrom(...NAMES);
const always = (weight: number, ...move: Move) => ({ weight, arbitrary: fc.constant(move) });
const MOVES = fc.oneof(
  { weight: 2, arbitrary: name.map((of): Move => [`create ${of}`, (model) => model.create(of)]) },
  { weight: 5, arbitrary: name.map((of): Move => [`let ${of} through`, (model) => model.letThrough(of)]) },
  {
    weight: 6,
    arbitrary: name.map((of): Move => [
      `make ${of}`,
      (model) => {
        model.letThrough(of);
        model.advance(model.last(), 'stored');
      },
    ]),
  },
  {
    weight: 10,
    arbitrary: fc
      .tuple(fc.nat(3), fc.constantFrom('stored', 'stored', 'refused'))
      .map(([at, outcome]): Move => [
        `advance ${at} ${outcome}`,
        (model) => {
          const open = model.creations.filter(({ state }) => state !== 'over');
          const creation = open[at % Math.max(1, open.length)];
          if (creation !== undefined) model.advance(creation, outcome);
        },
      ]),
  },
  { weight: 4, arbitrary: name.map((of): Move => [`remove ${of}`, (model) => model.remove(of)]) },
  always(5, 'leader', (model) => model.leader()),
  always(4, 'leader sees all', (model) => {
    model.storeCatchesUp();
    model.leader();
  }),
  always(1, 'store', (model) => model.storeCatchesUp()),
  always(2, 'leader looks', (model) => model.leaderLooks()),
  always(2, 'leader writes', (model) => model.leaderWrites()),
  always(1, 'leader dies', (model) => model.leaderDies()),
  always(5, 'wait', (model) => void (model.now += DEADLINE)),
  always(1, 'tick', (model) => void (model.now += 1)),
);

/** A failing run prints its seed and path; `FC_SEED=… FC_PATH=… npx vitest run --project unit <this file>` replays it. */
function replay(): { seed?: number; path?: string } {
  const { FC_SEED: seed, FC_PATH: path } = process.env;
  return { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) };
}

describe('places of a plan, in any order of two replicas, refusals, deletions and a leader that dies', () => {
  it('are never more than offered, and none is lost', () => {
    fc.assert(
      fc.property(fc.array(MOVES, { maxLength: 30 }), (moves) => {
        const model = new Model();
        for (const [, move] of moves) {
          move(model);
          expect(model.objects.size).toBeLessThanOrEqual(OFFERED);
          expect(Object.keys(model.taken.places).length).toBeLessThanOrEqual(OFFERED);
        }

        model.settle();

        expect(model.objects.size).toBeLessThanOrEqual(OFFERED);
        expect(model.taken.places).toEqual(
          Object.fromEntries([...model.objects.keys()].map((place) => [place, []])),
        );
      }),
      { numRuns: 3000, ...replay() },
    );
  });
});
