import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALICE, ConsoleRig, SHOPS, type Heard } from './console-rig.ts';
import { SHOP } from './instance-rig.ts';

let rig: ConsoleRig;
beforeEach(async () => {
  rig = await ConsoleRig.start();
});
afterEach(() => rig.close());

const alice = { token: 'alice-token' };
/** Refused, and the API server never heard of it. */
function expectStopped(heard: Heard, status: number): void {
  expect(heard.status).toBe(status);
  expect(rig.api.requests.map(({ path }) => path)).toEqual([]);
}

describe('another site’s page', () => {
  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('asks nothing through the browser of who is signed in (%j)', async (headers) => {
    const body = { name: 'shop1', values: {} };
    const path = `${SHOPS}/instances?namespace=team-a`;
    expectStopped(await rig.ask(path, { ...alice, method: 'POST', body, headers }), 403);
  });

  it('is not answered by a name that was made to lead here', async () => {
    expectStopped(await rig.ask('/api/session', { ...alice, headers: { host: 'evil.example' } }), 421);
    expectStopped(await rig.ask('/', { headers: { host: 'evil.example:5000' } }), 421);
  });

  it('is promised nothing: no CORS header, no cookie', async () => {
    const { headers, status } = await rig.ask('/api/session', {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'GET' },
    });
    expect(status).toBe(404);
    const names = Object.keys(headers).join(' ');
    expect(names).not.toMatch(/access-control|set-cookie/);
  });

  it('sends no form: a body of another type is not read', async () => {
    const headers = { 'content-type': 'text/plain' };
    const raw = '{"name":"shop1","values":{}}';
    const path = `${SHOPS}/instances?namespace=team-a`;
    expectStopped(await rig.ask(path, { ...alice, method: 'POST', raw, headers }), 415);
  });
});

describe('a path', () => {
  it.each([
    '/api/v1/secrets',
    '/api/../api/v1/secrets',
    '/api/services/../../api/v1/secrets',
    `${SHOPS}/instances/team-a/..`,
    `${SHOPS}/instances/team-a/%2e%2e`,
    `${SHOPS}/instances/team-a/shop1%2fstatus`,
    `${SHOPS}/instances/team-a/shop1/status`,
    `${SHOPS}/instances/team-a//parts`,
    `${SHOPS}/instances/team-a/shop1/log?pod=../../x&container=web`,
    `${SHOPS}/instances/team-a/shop1/log?pod=web-1&container=web%26previous`,
    `${SHOPS}/instances?namespace=`,
    `${SHOPS}/instances?namespace=team-a%2f..`,
    '/apis/platformapi.kubeplus/v1alpha1/shopservices',
    '//api/services',
    `${SHOPS}/instances?namespace=${'a'.repeat(4000)}`,
  ])('leads nowhere else: %s', async (path) => {
    expectStopped(await rig.ask(path, alice), 404);
  });

  it('to a kind that is no service’s is none, whoever asks', async () => {
    const admin = { token: 'admin-token' };
    for (const kind of [
      'workflows.kubeplus/resourcecompositions',
      'apps/deployments',
      'tenantry.dev/tenants',
    ]) {
      const heard = await rig.ask(`/api/services/${kind}/instances?namespace=team-a`, admin);
      expect([kind, heard.status]).toEqual([kind, 404]);
    }
    expect(rig.api.requests.filter(({ path }) => /namespaces/.test(path))).toEqual([]);
  });

  it('leads to no file but the page’s', async () => {
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/index.html', '/assets/', '/etc/passwd'])
      expectStopped(await rig.ask(path), 404);
    expect((await rig.ask('/')).text).toBe('the page');
  });
});

describe('whoever asks', () => {
  it('is the token’s owner at the API server, and never who started the console', async () => {
    await rig.ask('/api/services?namespace=team-a', alice);
    const body = { name: 'shop1', values: { title: 'a' } };
    await rig.ask(`${SHOPS}/instances?namespace=team-a`, { ...alice, method: 'POST', body });

    expect(rig.users()).toEqual([ALICE]);
    expect(rig.api.requests.length).toBeGreaterThan(3);
  });

  it.each(['impersonate-user', 'impersonate-group', 'impersonate-uid', 'x-remote-user'])(
    'becomes nobody else by a header %s',
    async (name) => {
      const heard = await rig.ask('/api/session', { ...alice, headers: { [name]: 'admin' } });
      expect(heard.json()).toMatchObject({ user: ALICE });
    },
  );

  it.each([undefined, '', 'a b', 'Bearer', 'a,b', 'ü'])('needs a token: %j is none', async (token) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${encodeURI(token)}` };
    const heard = await rig.ask('/api/services?namespace=team-a', { headers });
    expect(heard.status).toBe(401);
    expect(rig.users()).not.toContain('admin');
  });

  it('gets no token into the address', async () => {
    expectStopped(await rig.ask('/api/session?token=alice-token&access_token=alice-token'), 401);
  });
});

describe('a body', () => {
  it('that is huge is not read to its end, and reaches nobody', async () => {
    const raw = `{"name":"shop1","values":{"title":"${'a'.repeat(2 * 1024 * 1024)}"}}`;
    const path = `${SHOPS}/instances?namespace=team-a`;
    // The connection may break before the answer was read: that is a refusal, too.
    const heard = await rig.ask(path, { ...alice, method: 'POST', raw }).catch(() => undefined);

    if (heard !== undefined) expect(heard.status).toBe(413);
    expect(rig.api.requests).toEqual([]);
    expect(rig.api.objects(SHOP)).toEqual([]);
  });

  it.each(['{', '[]', '"a"', 'null', '{"name":"a"}', '{"name":1,"values":{}}', '{"name":"a","values":[]}'])(
    'that is malformed is refused: %s',
    async (raw) => {
      const heard = await rig.ask(`${SHOPS}/instances?namespace=team-a`, { ...alice, method: 'POST', raw });
      expect(heard.status).toBe(400);
      expect(rig.api.objects(SHOP)).toEqual([]);
    },
  );
});

describe('what is answered', () => {
  it('is never taken for a page, whatever an instance says', async () => {
    const html = '<img src=x onerror=alert(1)>';
    const body = { name: 'shop1', values: { title: html } };
    const heard = await rig.ask(`${SHOPS}/instances?namespace=team-a`, { ...alice, method: 'POST', body });

    expect(heard.json()).toMatchObject({ values: { title: html } });
    expect(heard.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(heard.headers['x-content-type-options']).toBe('nosniff');
    expect(heard.headers['cache-control']).toBe('no-store');
  });

  it('forbids the page everything that it does not need', async () => {
    const policy = (await rig.ask('/')).headers['content-security-policy'] ?? '';

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
  });
});

describe('a token', () => {
  it('is in no log and no answer, whatever fails', async () => {
    const token = 'alice-token';
    rig.api.fail({ path: /selfsubjectreviews/ }, { truncate: true }, 5);
    rig.api.fail({ path: /apis$/ }, { reset: 'before' }, 50);
    const heard = [
      await rig.ask('/api/session', { token }),
      await rig.ask('/api/services?namespace=team-a', { token }),
      await rig.ask(`/api/${token}`, { token }),
    ];

    expect(heard.map(({ status }) => status)).toEqual([expect.any(Number), 502, 404]);
    expect(heard[0]?.status).toBeGreaterThanOrEqual(500);
    for (const { text, headers } of heard) expect(JSON.stringify([text, headers])).not.toContain(token);
    expect(rig.lines.join('')).not.toContain(token);
  });
});
