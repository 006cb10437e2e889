import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Client } from '../../client/client.ts';
import { KubeError } from '../../kube/kube-error.ts';
import type { ObjectMeta } from '../../kube/object.ts';
import { FakeClock } from '../../lib/fake-clock.ts';
import { Licenses } from './check-license.ts';

const KIND = { group: 'g.io', version: 'v1', kind: 'Shop', plural: 'shops', namespaced: true };
const ALLOWED = 2;
/** Milliseconds after which what was let through can't succeed any more. */
const OVER_MS = 121_000;

/** An API server with one licence; its answers come in any order. */
class Server {
  readonly objects = new Set<string>();
  readonly #s: fc.Scheduler;
  #annotations: Record<string, string> = { allowed_instances: String(ALLOWED) };
  #version = 1;

  constructor(s: fc.Scheduler) {
    this.#s = s;
  }

  client(): Client {
    const list = (): object => ({
      items: [...this.objects].map((name) => ({ metadata: { namespace: 'a', name } })),
    });
    const calls = {
      find: () =>
        this.answer('licence', () => ({
          metadata: {
            name: 'shop-license',
            annotations: this.#annotations,
            resourceVersion: `${this.#version}`,
          },
        })),
      list: () => this.answer('list', list),
      raw: () => this.answer('count', () => ({ text: JSON.stringify(list()) })),
      patch: (_kind: unknown, _ref: unknown, { body }: { body: { metadata: ObjectMeta } }) =>
        this.answer('patch', () => {
          if (body.metadata.resourceVersion !== `${this.#version}`)
            throw new KubeError('Conflict', 'changed');
          this.#version += 1;
          this.#annotations = { ...this.#annotations, ...body.metadata.annotations };
        }),
    };
    return calls as unknown as Client; // true: no other call is made
  }

  async answer<T>(what: string, act: () => T): Promise<T> {
    await this.#s.schedule(Promise.resolve(), what);
    return act();
  }
}

/** A failing run prints its seed and path; `FC_SEED=… FC_PATH=… npx vitest run --project unit <this file>` replays it. */
function replay(): { seed?: number; path?: string } {
  const { FC_SEED: seed, FC_PATH: path } = process.env;
  return { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) };
}

describe('the last places of a licence, wanted at once at two replicas, in any order of answers', () => {
  it('are never given twice, and none is lost', async () => {
    const wanted = fc.array(fc.constantFrom('stored', 'refused later'), { minLength: 3, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), wanted, async (s, outcomes) => {
        const server = new Server(s);
        const clock = new FakeClock();
        const replicas = [0, 1].map(() => new Licenses(server.client(), clock));
        const { signal } = new AbortController();
        const create = async (n: number, outcome: string): Promise<boolean> => {
          const name = `shop${n}`;
          const findings = await replicas[n % 2]?.take(KIND, 'op', { namespace: 'a', name }, signal);
          if (findings?.length !== 0) return false;
          await server.answer('store', () => outcome === 'stored' && server.objects.add(name));
          expect(server.objects.size).toBeLessThanOrEqual(ALLOWED);
          return true;
        };

        const all = Promise.all(outcomes.map((outcome, n) => create(n, outcome)));
        const letThrough = (await s.waitFor(all)).filter(Boolean);
        expect(letThrough).toHaveLength(ALLOWED);

        await clock.advance(OVER_MS);
        await s.waitFor(Promise.all(outcomes.map((_, n) => create(n, 'stored'))));
        expect(server.objects.size).toBe(ALLOWED);
      }),
      { numRuns: 200, ...replay() },
    );
  });
});
