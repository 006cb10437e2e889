import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Client } from '../../src/client/client.ts';
import { createClient, type ClientOptions } from '../../src/client/http-client.ts';
import { fixedCredential, type CredentialSource } from '../../src/client/access.ts';
import { CONFIG_MAP, POD } from '../../src/kube/builtin-kinds.ts';
import { FakeClock } from '../../src/lib/fake-clock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import { createLoopbackTls } from '../fakeapi/loopback-tls.ts';
import type { FakeApiOptions } from '../fakeapi/options.ts';
import { codeOf, configMap } from './conformance/subject.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: FakeApiOptions = {}): Promise<FakeApi> {
  const api = await startFakeApi({ namespaces: ['ns'], ...options });
  closing.push(() => api.close());
  return api;
}

async function startClient(options: Partial<ClientOptions> = {}): Promise<{ api: FakeApi; client: Client }> {
  const api = await start();
  return { api, client: api.client(options) };
}

/** A client of a server that is no fake API server. */
async function clientOf(server: Server, options: Partial<ClientOptions> = {}): Promise<Client> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo; // true: it listens on TCP
  const access = { server: `http://127.0.0.1:${port}`, credentials: fixedCredential({}), namespace: 'ns' };
  const client = createClient(access, { clock: systemClock, ...options });
  closing.push(() => client.close());
  return client;
}

const REF = { namespace: 'ns', name: 'a' };

describe('connections', () => {
  it('are used again: 200 calls, 8 at once, take few connections', async () => {
    const { api, client } = await startClient();
    const worker = async (): Promise<void> => {
      for (let i = 0; i < 25; i += 1) await client.find(CONFIG_MAP, REF);
    };

    await Promise.all(Array.from({ length: 8 }, worker));

    expect(api.requests).toHaveLength(200);
    // The pool opens one more when it does not know yet that an old one is free.
    expect(api.connections).toBeLessThanOrEqual(16);
  });

  it('of calls are not taken by watches', async () => {
    const { api, client } = await startClient({ timeoutMs: 5_000 });
    const stop = new AbortController();
    const watches = Array.from({ length: 40 }, async () => {
      for await (const _event of client.watch(CONFIG_MAP, { sendInitialEvents: true, signal: stop.signal }));
    });
    while (api.openWatches() < 40) await new Promise((resolve) => setImmediate(resolve));

    await expect(client.list(CONFIG_MAP)).resolves.toBeDefined();

    stop.abort();
    await Promise.all(watches);
  });

  it('end with the client, watches too', async () => {
    const { api, client } = await startClient();
    const watched = codeOf(
      (async () => {
        for await (const _event of client.watch(CONFIG_MAP, { sendInitialEvents: true }));
      })(),
    );
    while (api.openWatches() < 1) await new Promise((resolve) => setImmediate(resolve));

    await client.close();

    expect(['Network', 'Cancelled']).toContain(await watched);
    expect(await codeOf(client.get(CONFIG_MAP, REF))).toBe('Cancelled');
  });
});

describe('a broken connection', () => {
  it.each(['before', 'after'] as const)('%s the work: a read is repeated once', async (reset) => {
    const { api, client } = await startClient();
    await client.create(CONFIG_MAP, configMap('ns', 'a', {}));
    api.fail({ method: 'GET' }, { reset });

    await expect(client.get(CONFIG_MAP, REF)).resolves.toBeDefined();
  });

  it('after the work: an apply is repeated and changes nothing more', async () => {
    const { api, client } = await startClient();
    api.fail({ method: 'PATCH' }, { reset: 'after' });

    await client.apply(CONFIG_MAP, configMap('ns', 'a', { x: '1' }));

    expect(api.requests.filter((request) => request.method === 'PATCH')).toHaveLength(2);
    expect(api.objects(CONFIG_MAP, 'ns')).toHaveLength(1);
  });

  it('twice in a row is an error', async () => {
    const { api, client } = await startClient();
    api.fail({ method: 'GET' }, { reset: 'before' }, 2);

    expect(await codeOf(client.get(CONFIG_MAP, REF))).toBe('Network');
  });

  it.each(['POST', 'PUT', 'DELETE'])('never repeats a %s', async (method) => {
    const { api, client } = await startClient();
    const created = await client.create(CONFIG_MAP, configMap('ns', 'a', {}));
    api.requests.length = 0;
    api.fail({ method }, { reset: 'after' });

    const calls = {
      POST: () => client.create(CONFIG_MAP, configMap('ns', 'b', {})),
      PUT: () => client.replace(CONFIG_MAP, created),
      DELETE: () => client.delete(CONFIG_MAP, REF),
    };
    const code = await codeOf(calls[method as keyof typeof calls]());

    expect(code).toBe('Network');
    expect(api.requests).toHaveLength(1);
  });

  it('in the middle of an answer counts as broken', async () => {
    const { api, client } = await startClient();
    await client.create(CONFIG_MAP, configMap('ns', 'a', { x: 'y'.repeat(1000) }));
    api.fail({ method: 'GET' }, { truncate: true });

    await expect(client.get(CONFIG_MAP, REF)).resolves.toMatchObject({ data: {} });
  });

  it('is refused: an error that names the call', async () => {
    const gone = await start();
    await gone.close();
    const client = createClient(gone.access(), { clock: systemClock });
    closing.push(() => client.close());

    await expect(client.get(CONFIG_MAP, REF)).rejects.toMatchObject({
      code: 'Network',
      message: expect.stringMatching(/^get ConfigMap ns\/a: .*ECONNREFUSED/) as string,
    });
  });
});

describe('a server that says later', () => {
  it.each([429, 503])('with %i is asked again after the time it named', async (status) => {
    const clock = new FakeClock();
    const { api, client } = await startClient({ clock });
    api.fail({ method: 'GET' }, { status, retryAfterSeconds: 3 });

    const call = client.find(CONFIG_MAP, REF);
    while (clock.pending < 2) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(2_999);
    expect(api.requests).toHaveLength(1);
    await clock.advance(1);

    await expect(call).resolves.toBeUndefined();
    expect(api.requests).toHaveLength(2);
  });

  it('is not asked again without a time', async () => {
    const { api, client } = await startClient();
    api.fail({ method: 'GET' }, { status: 503, reason: 'ServiceUnavailable' });

    expect(await codeOf(client.get(CONFIG_MAP, REF))).toBe('ServiceUnavailable');
    expect(api.requests).toHaveLength(1);
  });

  it('is never asked again for a POST; the caller learns the time', async () => {
    const { api, client } = await startClient();
    api.fail({ method: 'POST' }, { status: 429, reason: 'TooManyRequests', retryAfterSeconds: 7 });

    await expect(client.create(CONFIG_MAP, configMap('ns', 'a', {}))).rejects.toMatchObject({
      code: 'TooManyRequests',
      retryAfterMs: 7_000,
    });
    expect(api.requests).toHaveLength(1);
  });

  it('again and again gets no answer in the end', async () => {
    const clock = new FakeClock();
    const { api, client } = await startClient({ clock });
    api.fail({ method: 'GET' }, { status: 429, reason: 'TooManyRequests', retryAfterSeconds: 1 }, 100);

    const call = codeOf(client.get(CONFIG_MAP, REF));
    for (let i = 1; i <= 4; i += 1) {
      while (api.requests.length < i || clock.pending < 2)
        await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(1_000);
    }

    expect(await call).toBe('TooManyRequests');
    expect(api.requests).toHaveLength(5);
  });
});

describe('time', () => {
  it('runs out for a call without an answer', async () => {
    const clock = new FakeClock();
    const { api, client } = await startClient({ clock });
    api.fail({ method: 'GET' }, { delayMs: 3_600_000 });

    const call = codeOf(client.get(CONFIG_MAP, REF, { timeoutMs: 1_000 }));
    while (api.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(1_000);

    expect(await call).toBe('Timeout');
  });

  it('runs out for a watch that is silent beyond the server’s own end', async () => {
    const clock = new FakeClock();
    const { api, client } = await startClient({ clock });
    const watched = codeOf(
      (async () => {
        for await (const _event of client.watch(CONFIG_MAP, {
          resourceVersion: '1000',
          timeoutSeconds: 290,
        }));
      })(),
    );
    while (api.openWatches() < 1) await new Promise((resolve) => setImmediate(resolve));

    await clock.advance(294_999);
    expect(api.openWatches()).toBe(1);
    await clock.advance(1);

    expect(await watched).toBe('Timeout');
  });

  it('is the caller’s: a signal cancels, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const { api, client } = await startClient({ clock });
    api.fail({ method: 'GET' }, { delayMs: 3_600_000 });
    const stop = new AbortController();

    const call = codeOf(client.get(CONFIG_MAP, REF, { signal: stop.signal }));
    while (api.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort();

    expect(await call).toBe('Cancelled');
    expect(await codeOf(client.get(CONFIG_MAP, REF, { signal: stop.signal }))).toBe('Cancelled');
    expect(clock.pending).toBe(0);
  });
});

describe('answers', () => {
  it('keep fields nobody knows', async () => {
    const { client } = await startClient();
    const future = { ...configMap('ns', 'a', {}), ofANewerServer: { deep: [1, null] } };

    await client.create(CONFIG_MAP, future);

    expect(await client.get(CONFIG_MAP, REF)).toMatchObject({ ofANewerServer: { deep: [1, null] } });
  });

  it('are given up when they are too large', async () => {
    const { client } = await startClient();
    await client.create(CONFIG_MAP, configMap('ns', 'a', { x: 'y'.repeat(10_000) }));
    const path = '/api/v1/namespaces/ns/configmaps/a';

    expect(await codeOf(client.raw({ method: 'GET', path, maxBytes: 5_000 }))).toBe('TooLarge');
    expect(await codeOf(client.raw({ method: 'GET', path, maxBytes: 50_000 }))).toBe('succeeded');
  });

  it('come with the server’s warnings', async () => {
    const warnings: string[] = [];
    const server = createServer((_request, response) => {
      response.appendHeader('warning', String.raw`299 - "say \"please\""`);
      response.appendHeader('warning', '299 - "once more"');
      response.end(JSON.stringify(configMap('ns', 'a', {})));
    });
    const client = await clientOf(server, { onWarning: (text, what) => warnings.push(`${what}: ${text}`) });

    await client.create(CONFIG_MAP, configMap('ns', 'a', {}));

    expect(warnings).toEqual(['create ConfigMap ns/a: say "please"', 'create ConfigMap ns/a: once more']);
  });

  it('that are not JSON are an error', async () => {
    const server = createServer((_request, response) => response.end('<html>'));
    const client = await clientOf(server);

    await expect(client.get(CONFIG_MAP, REF)).rejects.toThrow(/is this an API server/);
  });
});

describe('lists', () => {
  it('are read in pages of 500', async () => {
    const { api, client } = await startClient();
    for (let i = 0; i < 1_100; i += 1)
      api.put(CONFIG_MAP, configMap('ns', `c${String(i).padStart(4, '0')}`, {}));

    const { items, resourceVersion } = await client.list(CONFIG_MAP, { namespace: 'ns' });

    expect(items).toHaveLength(1_100);
    expect(api.requests.map((request) => request.query.get('limit'))).toEqual(['500', '500', '500']);
    expect(resourceVersion).not.toBe('');
  });

  it('begin again when their token expires, without double items', async () => {
    const { api, client } = await startClient();
    for (let i = 0; i < 600; i += 1) api.put(CONFIG_MAP, configMap('ns', `c${i}`, {}));
    api.fail((request) => request.query.has('continue'), { status: 410, reason: 'Expired' });

    const { items } = await client.list(CONFIG_MAP, { namespace: 'ns' });

    expect(new Set(items.map((item) => item.metadata.name)).size).toBe(600);
    expect(items).toHaveLength(600);
    expect(api.requests).toHaveLength(4);
  });

  it('that expire for ever fail', async () => {
    const { api, client } = await startClient();
    for (let i = 0; i < 600; i += 1) api.put(CONFIG_MAP, configMap('ns', `c${i}`, {}));
    api.fail((request) => request.query.has('continue'), { status: 410, reason: 'Expired' }, 100);

    expect(await codeOf(client.list(CONFIG_MAP))).toBe('Expired');
  });
});

describe('identity', () => {
  it('is a ServiceAccount’s by impersonation, in the same pool', async () => {
    const { api, client } = await startClient();
    await client.find(CONFIG_MAP, REF);

    await client.as({ namespace: 'svc', name: 'blog' }).find(CONFIG_MAP, REF);

    expect(api.requests.map((request) => request.user)).toEqual([
      'system:admin',
      'system:serviceaccount:svc:blog',
    ]);
    expect(api.connections).toBeLessThanOrEqual(2);
  });

  it('is renewed once when the server refuses it, for a POST as well', async () => {
    const api = await start({ tokens: { new: 'jane' } });
    let token = 'old';
    const credentials: CredentialSource = {
      current: () => Promise.resolve({ token }),
      refused: () => {
        token = 'new';
        return true;
      },
    };
    const client = createClient({ ...api.access(), credentials }, { clock: systemClock });
    closing.push(() => client.close());

    await client.create(CONFIG_MAP, configMap('ns', 'a', {}));

    expect(api.requests.map((request) => request.user)).toEqual(['', 'jane']);
  });

  it('that is refused again is an error', async () => {
    const api = await start({ tokens: {} });

    expect(await codeOf(api.client({ token: 'no' }).get(POD, REF))).toBe('Unauthorized');
    expect(api.requests).toHaveLength(1);
  });
});

describe('TLS', () => {
  it('trusts the given authority only, and checks the name', async () => {
    const [tls, other] = await Promise.all([createLoopbackTls(), createLoopbackTls()]);
    const api = await start({ tls: tls.server });
    const code = async (access: object): Promise<string> => {
      const client = createClient({ ...api.access(), ...access }, { clock: systemClock });
      closing.push(() => client.close());
      return codeOf(client.list(POD));
    };

    expect(await code({})).toBe('succeeded');
    expect(await code({ ca: other.server.ca })).toBe('Network');
    expect(await code({ tlsServerName: 'fake-api' })).toBe('succeeded');
    expect(await code({ tlsServerName: 'somebody-else' })).toBe('Network');
    expect(await code({ ca: undefined, insecureSkipTlsVerify: true })).toBe('succeeded');
  });

  it('shows a client certificate, and a renewed one on new connections', async () => {
    const tls = await createLoopbackTls();
    const api = await start({ tls: tls.server, tokens: {} });
    let certificate = await tls.client('jane');
    const credentials: CredentialSource = {
      current: () => Promise.resolve({ certificate }),
      refused: () => false,
    };
    const client = createClient({ ...api.access(), credentials }, { clock: systemClock });
    closing.push(() => client.close());
    await client.list(POD);
    certificate = await tls.client('june');

    await client.list(POD);

    expect(api.requests.map((request) => request.user)).toEqual(['jane', 'june']);
  });

  it('goes through an HTTP proxy', async () => {
    const tls = await createLoopbackTls();
    const api = await start({ tls: tls.server });
    const tunnels: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const [host = '', port] = (request.url ?? '').split(':');
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo; // true: it listens on TCP
    const client = createClient(
      { ...api.access(), proxyUrl: `http://127.0.0.1:${port}` },
      { clock: systemClock },
    );
    closing.push(
      () => new Promise((resolve) => proxy.close(resolve)),
      () => client.close(),
    );

    await client.list(POD);

    expect(tunnels).toEqual([api.url.replace('https://', '')]);
  });
});

describe('intercept', () => {
  it('sees every sending, repetitions and watches too, and may answer by itself', async () => {
    const seen: string[] = [];
    const { api, client } = await startClient({
      intercept: async (request, next) => {
        seen.push(request.what);
        if (request.what === 'get Pod ns/a') return { status: 404, headers: {}, text: '' };
        return next(request);
      },
    });
    api.fail({ method: 'GET' }, { reset: 'before' });

    await client.find(CONFIG_MAP, REF);
    for await (const event of client.watch(CONFIG_MAP, { sendInitialEvents: true }))
      if (event.type === 'bookmark') break;

    expect(await client.find(POD, REF)).toBeUndefined();
    expect(seen).toEqual(['get ConfigMap ns/a', 'get ConfigMap ns/a', 'watch ConfigMap', 'get Pod ns/a']);
    expect(api.requests.some((request) => request.path.includes('pods'))).toBe(false);
  });
});
