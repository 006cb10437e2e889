import { afterEach, describe, expect, it } from 'vitest';
import type { ClientOptions } from '../../src/client/http-client.ts';
import { watchObjects, type ObjectEvent } from '../../src/client/watcher.ts';
import { CONFIG_MAP, type ConfigMap } from '../../src/kube/builtin-kinds.ts';
import { isKubeError } from '../../src/kube/kube-error.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import type { FakeApiOptions } from '../fakeapi/options.ts';
import { configMap } from './conformance/subject.ts';

/** A watcher of ConfigMaps in `ns`, what it told so far, and what a consumer would have. */
class Watched {
  readonly clock = new FakeClock();
  readonly errors: string[] = [];
  readonly events: string[] = [];
  objects = new Map<string, string>();
  #next = new Map<string, string>();
  readonly #stop = new AbortController();
  #done: Promise<void> | undefined;
  readonly api: FakeApi;

  constructor(api: FakeApi) {
    this.api = api;
  }

  start(options: Partial<ClientOptions> = {}): this {
    this.#done = (async () => {
      const client = this.api.client(options);
      const onError = (error: unknown): unknown =>
        this.errors.push(isKubeError(error) ? error.code : String(error));
      const watcher = { namespace: 'ns', clock: this.clock, signal: this.#stop.signal, onError };
      for await (const event of watchObjects(client, CONFIG_MAP, watcher)) this.#take(event);
    })();
    return this;
  }

  #take(event: ObjectEvent<ConfigMap>): void {
    if (event.type === 'init-begin') this.#next = new Map();
    if (event.type === 'init-done') this.objects = this.#next;
    if (!('object' in event)) {
      this.events.push(event.type);
      return;
    }
    const { name } = event.object.metadata;
    this.events.push(`${event.type} ${name}`);
    const target =
      this.events.lastIndexOf('init-begin') > this.events.lastIndexOf('init-done')
        ? this.#next
        : this.objects;
    if (event.type === 'delete') target.delete(name);
    else target.set(name, event.object.data?.['n'] ?? '');
  }

  /** Turns the clock until it is so; fails after a while of real time. */
  async until(holds: () => boolean): Promise<void> {
    const end = performance.now() + 5_000;
    while (!holds()) {
      if (performance.now() > end)
        throw new Error(`it did not happen: ${this.events.join(', ')}; errors ${this.errors.join(', ')}`);
      await this.clock.advance(100);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const watched of running.splice(0).reverse()) await watched.stop();
});

async function start(options: FakeApiOptions = {}): Promise<{ api: FakeApi; watched: Watched }> {
  const api = await startFakeApi({ namespaces: ['ns'], ...options });
  const watched = new Watched(api);
  running.push({ stop: () => api.close() }, watched);
  return { api, watched };
}

const put = (api: FakeApi, name: string, n: string): unknown =>
  api.put(CONFIG_MAP, configMap('ns', name, { n }));

describe('watchObjects', () => {
  it('streams the state, then changes, over one connection', async () => {
    const { api, watched } = await start();
    put(api, 'a', '1');
    watched.start();
    await watched.until(() => watched.events.includes('init-done'));

    put(api, 'b', '1');
    await api.client().delete(CONFIG_MAP, { namespace: 'ns', name: 'a' });
    await watched.until(() => watched.events.length === 5);

    expect(watched.events).toEqual(['init-begin', 'init-item a', 'init-done', 'apply b', 'delete a']);
    expect(api.requests.filter((request) => request.query.get('watch') === 'true')).toHaveLength(1);
  });

  it('reads pages from servers without streaming lists', async () => {
    const { api, watched } = await start({ streamingLists: false });
    for (let i = 0; i < 700; i += 1) put(api, `c${i}`, '1');

    watched.start();
    await watched.until(() => watched.objects.size === 700);
    put(api, 'late', '1');
    await watched.until(() => watched.objects.has('late'));

    expect(watched.errors).toEqual(['Invalid']);
    expect(api.requests.map((request) => request.query.get('limit') ?? 'watch')).toEqual([
      'watch',
      '500',
      '500',
      'watch',
    ]);
  });

  it('goes on where it was after a break, without a new state', async () => {
    const { api, watched } = await start();
    put(api, 'a', '1');
    watched.start();
    await watched.until(() => watched.events.includes('init-done'));

    api.dropWatches();
    put(api, 'b', '1');
    await watched.until(() => watched.objects.has('b'));

    expect(watched.events).toEqual(['init-begin', 'init-item a', 'init-done', 'apply b']);
    expect(watched.errors).toEqual(['Network']);
  });

  it('takes up from a bookmark although older versions are forgotten', async () => {
    const { api, watched } = await start();
    watched.start();
    await watched.until(() => watched.events.includes('init-done'));
    api.put(CONFIG_MAP, configMap('default', 'elsewhere', {}));
    api.bookmark();
    api.compact();

    api.endWatches();
    put(api, 'b', '1');
    await watched.until(() => watched.objects.has('b'));

    expect(watched.events).toEqual(['init-begin', 'init-done', 'apply b']);
  });

  it('begins from nothing when its version is forgotten, and what is gone is gone', async () => {
    const { api, watched } = await start();
    put(api, 'a', '1');
    put(api, 'b', '1');
    watched.start();
    await watched.until(() => watched.objects.size === 2);

    api.fail({ watch: true }, { reset: 'before' });
    api.dropWatches();
    await api.client().delete(CONFIG_MAP, { namespace: 'ns', name: 'a' });
    put(api, 'b', '2');
    api.compact();
    await watched.until(() => watched.objects.get('b') === '2');

    expect([...watched.objects]).toEqual([['b', '2']]);
    expect(watched.errors).toContain('Expired');
  });

  it('waits longer and longer while the server is away, then comes back', async () => {
    const { api, watched } = await start();
    put(api, 'a', '1');
    const fault = api.fail({}, { status: 500, reason: 'InternalError' }, 8);

    watched.start();
    await watched.until(() => watched.objects.has('a'));

    expect(fault.hits).toBe(8);
    // 0.8 + 1.6 + 3.2 + 6.4 + 12.8 + 25.6 + 30 + 30 seconds.
    expect(watched.clock.monotonic()).toBeGreaterThanOrEqual(110_000);
    expect(watched.clock.monotonic()).toBeLessThan(115_000);
  });

  it('prefers pages after two streaming lists that broke', async () => {
    const { api, watched } = await start();
    for (const name of ['a', 'b', 'c']) put(api, name, '1');
    api.fail({ watch: true }, { dropAfterEvents: 1 }, 2);

    watched.start();
    await watched.until(() => watched.objects.size === 3);

    expect(api.requests.map((request) => request.query.get('limit') ?? 'watch').slice(0, 3)).toEqual([
      'watch',
      'watch',
      '500',
    ]);
  });

  it('ends, and with it the connection, when the consumer stops', async () => {
    const { api, watched } = await start();
    const stop = new AbortController();

    for await (const event of watchObjects(api.client(), CONFIG_MAP, {
      clock: watched.clock,
      signal: stop.signal,
    })) {
      if (event.type === 'init-done') break;
    }

    while (api.openWatches() > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(api.openWatches()).toBe(0);
  });

  it('ends at once when it is stopped while it waits', async () => {
    const { api, watched } = await start();
    api.fail({}, { status: 500 }, 100);
    watched.start();
    await watched.until(() => watched.errors.length > 2);

    await watched.stop();

    expect(watched.clock.pending).toBe(0);
  });
});
