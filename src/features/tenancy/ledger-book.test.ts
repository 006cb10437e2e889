import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../api/ledger.ts';
import type { Tenant } from '../../api/tenant.ts';
import type { Client } from '../../client/client.ts';
import { KubeError } from '../../kube/kube-error.ts';
import { LedgerBook } from './ledger-book.ts';

const TENANT: Tenant = {
  apiVersion: 'tenantry.dev/v1alpha1',
  kind: 'Tenant',
  metadata: { name: 'acme', namespace: 'op', uid: 'u' },
  spec: { plan: 'small' },
};

/** An API server with one ledger. The first reads answer only when as many have been asked as are to meet. */
class Server {
  ledger: Ledger | undefined;
  writes = 0;
  failure: KubeError | undefined;
  #version = 0;
  #gets = 0;
  #waiting: (() => void)[] = [];
  #meet: number;

  constructor(meet = 0) {
    this.#meet = meet;
  }

  client(): Client {
    const double: Partial<Client> = {
      find: (async () => {
        const { ledger } = this;
        await this.#others();
        return ledger;
      }) as Client['find'],
      // The newest, each time a turn later than before: whoever took the version from here would overwrite what others wrote.
      get: (async () => {
        this.#gets += 1;
        for (let turn = 0; turn < this.#gets; turn += 1)
          await new Promise<void>((resolve) => setImmediate(resolve));
        return this.ledger;
      }) as Client['get'],
      create: (async (_kind, object: Ledger) => {
        if (this.ledger !== undefined) throw new KubeError('AlreadyExists', 'it is there');
        return this.#store(object);
      }) as Client['create'],
      replace: (async (_kind, object: Ledger) => {
        if (object.metadata.resourceVersion !== this.ledger?.metadata.resourceVersion)
          throw new KubeError('Conflict', 'it was changed');
        return this.#store(object);
      }) as Client['replace'],
    };
    // The book makes these calls only.
    return double as Client;
  }

  #store(object: Ledger): Ledger {
    if (this.failure !== undefined) throw this.failure;
    this.writes += 1;
    this.#version += 1;
    this.ledger = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    return this.ledger;
  }

  async #others(): Promise<void> {
    if (this.#meet === 0) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length < this.#meet) return;
      this.#meet = 0;
      for (const go of this.#waiting) go();
    });
  }

  places(): readonly string[] {
    return Object.keys(this.ledger?.spec.places ?? {});
  }
}

const bookOf = (server: Server, all: readonly string[] = []): LedgerBook =>
  new LedgerBook({ client: server.client(), allPlaces: () => Promise.resolve(all) });

/** Asks for places; answers for each whether it was given. */
async function take(
  book: LedgerBook,
  names: readonly string[],
  { offered = 1, dryRun = false, signal = new AbortController().signal } = {},
): Promise<readonly boolean[]> {
  const results = await Promise.all(
    names.map((name) =>
      book.take(
        {
          place: `g/Shop/ns/${name}`,
          uid: `uid-${name}`,
          tenant: TENANT,
          plan: { instances: offered },
          quotaOf: () => undefined,
          now: 0,
        },
        dryRun,
        signal,
      ),
    ),
  );
  return results.map((findings) => findings.length === 0);
}

describe('the book of places', () => {
  it.each([
    ['where there is no ledger yet', undefined],
    ['in a ledger that is there', {}],
  ])('gives the last place once, to two replicas that read the same: %s', async (_name, places) => {
    const server = new Server(2);
    if (places !== undefined) {
      server.ledger = {
        apiVersion: 'tenantry.dev/v1alpha1',
        kind: 'Ledger',
        metadata: { name: 'acme', namespace: 'op', uid: 'l', resourceVersion: '0' },
        spec: { tenantUid: 'u', places },
      };
    }

    const [a, b] = await Promise.all([take(bookOf(server), ['a']), take(bookOf(server), ['b'])]);

    expect([...a, ...b].filter(Boolean)).toHaveLength(1);
    expect(server.places()).toHaveLength(1);
  });

  it('has those who wait go together', async () => {
    const server = new Server();
    const names = Array.from({ length: 50 }, (_, n) => `s${n}`);

    const given = await take(bookOf(server), names, { offered: 20 });

    expect(given.filter(Boolean)).toHaveLength(20);
    expect(server.places()).toHaveLength(20);
    expect(server.writes).toBe(2);
  });

  it('begins with what there is', async () => {
    expect(await take(bookOf(new Server(), ['g/Shop/ns/old']), ['new'])).toEqual([false]);
  });

  it('begins anew for another tenant of the name', async () => {
    const server = new Server();
    await take(bookOf(server), ['a']);
    server.ledger = server.ledger && { ...server.ledger, spec: { tenantUid: 'gone', places: { p: [] } } };

    expect(await take(bookOf(server), ['b'])).toEqual([true]);
    expect(server.places()).toEqual(['g/Shop/ns/b']);
  });

  it('takes nothing for a dry run, nor for somebody who has gone', async () => {
    const server = new Server();
    const gone = AbortSignal.abort(new Error('no decision in time'));

    expect(await take(bookOf(server), ['a'], { dryRun: true })).toEqual([true]);
    await expect(take(bookOf(server), ['b'], { signal: gone })).rejects.toThrow('no decision in time');
    expect(server.writes).toBe(0);
  });

  it('lets nothing through that was not written', async () => {
    const server = new Server();
    server.failure = new KubeError('InternalError', 'etcd is full');

    const book = bookOf(server);
    await expect(take(book, ['a'])).rejects.toThrow('etcd is full');
    server.failure = undefined;
    expect(await take(book, ['a'])).toEqual([true]);
  });
});
