import { Agent, request } from 'node:https';
import { connect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { VALIDATING_WEBHOOK_CONFIGURATION } from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createAuthority, issue } from '../../src/pki/certificate.ts';
import type { AdmissionHandler } from '../../src/runtime/admission.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createManager } from '../../src/runtime/manager.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { startWebhookServer, type WebhookServer } from '../../src/runtime/webhook-server.ts';
import { eventually } from '../doubles/eventually.ts';
import { startFakeApi } from '../fakeapi/fake-api.ts';

const NAME = 'hooks.default.svc';
const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

interface Answer {
  readonly status: number;
  /** What the server says of keeping the connection. */
  readonly keepAlive: string;
  readonly text: string;
}

/** Calls as the API server does: by the Service's name, trusting the bundle only. */
function call(
  port: number,
  ca: string,
  {
    path,
    body,
    method = 'POST',
    agent = false,
  }: { path: string; body: string; method?: string; agent?: Agent | false },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, ca, servername: NAME, agent },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            keepAlive: String(response.headers['keep-alive']),
            text,
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const review = (name: string): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: `uid-${name}`, operation: 'CREATE', name, kind: {}, resource: {}, userInfo: {} },
  });

const handler: AdmissionHandler = {
  path: '/validate/pets',
  handle: (request, signal) => {
    if (request.name === 'bad')
      return Promise.resolve({
        allowed: false,
        findings: [{ message: 'one' }, { field: 'spec.b', message: 'two' }],
      });
    if (request.name === 'defect') return Promise.reject(new TypeError('x is not a function'));
    if (request.name === 'slow') {
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    }
    return Promise.resolve({ allowed: true });
  },
};

async function server(): Promise<{ server: WebhookServer; ca: string }> {
  const authority = await createAuthority({ commonName: 'ca', notBefore: Date.now() - 1000, days: 1 });
  const certificate = await issue(authority, {
    commonName: NAME,
    dnsNames: [NAME],
    usages: ['server'],
    notBefore: Date.now() - 1000,
    days: 1,
  });
  const metrics = createMetrics();
  const running = await startWebhookServer({
    port: 0,
    host: '127.0.0.1',
    certificate,
    handlerAt: (path) => (path === handler.path ? handler : undefined),
    clock: systemClock,
    log: silentLog,
    metrics,
  });
  stops.push(() => running.close());
  metrics.close();
  return { server: running, ca: authority.cert };
}

describe('the webhook server', () => {
  it('answers reviews', async () => {
    const {
      server: { port },
      ca,
    } = await server();
    const good = await call(port, ca, { path: '/validate/pets?timeout=10s', body: review('good') });
    const bad = await call(port, ca, { path: '/validate/pets', body: review('bad') });

    expect(JSON.parse(good.text)).toMatchObject({ response: { uid: 'uid-good', allowed: true } });
    expect(JSON.parse(bad.text)).toMatchObject({
      response: { uid: 'uid-bad', allowed: false, status: { message: 'one\ntwo' } },
    });
  });

  it('leaves it to the API server, which keeps idle connections for 90 s, to close them', async () => {
    const {
      server: { port },
      ca,
    } = await server();
    const agent = new Agent({ keepAlive: true });
    stops.push(() => Promise.resolve(agent.destroy()));

    const answer = await call(port, ca, { path: '/validate/pets', body: review('good'), agent });

    const seconds = Number(/timeout=(\d+)/.exec(answer.keepAlive)?.[1]);
    expect(seconds).toBeGreaterThan(90);
  });

  it.each([
    ['a defect in a handler', { path: '/validate/pets', body: review('defect') }, 500, 'x is not a function'],
    [
      'a handler that takes too long',
      { path: '/validate/pets?timeout=1s', body: review('slow') },
      500,
      'no decision within 500 ms',
    ],
    ['a path nobody serves', { path: '/other', body: review('good') }, 404, '/other'],
    ['what is no review', { path: '/validate/pets', body: '{}' }, 400, 'not an AdmissionReview'],
    ['another method', { path: '/validate/pets', body: '', method: 'GET' }, 405, 'POST'],
    [
      'a body that is too large',
      { path: '/validate/pets', body: 'x'.repeat(8 * 1024 * 1024 + 1) },
      413,
      'more than',
    ],
  ])('survives %s and says what is wrong', async (_name, asked, status, text) => {
    const {
      server: { port },
      ca,
    } = await server();
    const answer = await call(port, ca, asked);

    expect(answer).toMatchObject({ status, text: expect.stringContaining(text) as string });
    expect((await call(port, ca, { path: '/validate/pets', body: review('good') })).status).toBe(200);
  });

  it('survives callers who speak no TLS', async () => {
    const {
      server: { port },
      ca,
    } = await server();
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => 'refused');

    expect(answer).toBe('refused');
    expect((await call(port, ca, { path: '/validate/pets', body: review('good') })).status).toBe(200);
  });

  it('takes a new certificate for new connections without closing the old ones', async () => {
    const first = await server();
    const { port } = first.server;
    const open = connect({ host: '127.0.0.1', port, ca: first.ca, servername: NAME });
    await new Promise((resolve) => open.once('secureConnect', resolve));
    const authority = await createAuthority({ commonName: 'new', notBefore: Date.now() - 1000, days: 1 });
    first.server.useCertificate(
      await issue(authority, {
        commonName: NAME,
        dnsNames: [NAME],
        usages: ['server'],
        notBefore: Date.now() - 1000,
        days: 1,
      }),
    );

    expect((await call(port, authority.cert, { path: '/validate/pets', body: review('good') })).status).toBe(
      200,
    );
    await expect(call(port, first.ca, { path: '/validate/pets', body: review('good') })).rejects.toThrow();
    expect(open.destroyed).toBe(false);
    open.destroy();
  });
});

describe('webhooks in a manager', () => {
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'tenantry' },
    webhooks: ['a.tenantry.dev', 'b.tenantry.dev'].map((name) => ({
      name,
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      clientConfig: { service: { name: 'hooks', namespace: 'default' } },
    })),
  };

  it('serve with a certificate that the configurations trust, also when these are made anew', async () => {
    const api = await startFakeApi({ unenforced: ['ValidatingWebhookConfiguration'] });
    stops.push(() => api.close());
    const client = api.client();
    const bundles = (): readonly (string | undefined)[] =>
      (api.objects(VALIDATING_WEBHOOK_CONFIGURATION)[0]?.webhooks ?? []).map(
        (webhook) => webhook.clientConfig.caBundle,
      );
    const trusted = (): string | undefined =>
      bundles().length === 2 && bundles()[0] === bundles()[1] ? bundles()[0] : undefined;
    await client.create(VALIDATING_WEBHOOK_CONFIGURATION, configuration);
    const manager = createManager({
      client,
      clock: systemClock,
      log: silentLog,
      identity: 'a',
      namespace: 'default',
      webhooks: {
        port: 0,
        host: '127.0.0.1',
        dnsNames: [NAME],
        secretName: 'certificates',
        configurations: [
          { kind: VALIDATING_WEBHOOK_CONFIGURATION, name: 'tenantry' },
          { kind: VALIDATING_WEBHOOK_CONFIGURATION, name: 'not-there' },
        ],
      },
    });
    manager.addWebhook(handler);
    const abort = new AbortController();
    const running = manager.run(abort.signal);
    stops.push(() => {
      abort.abort();
      return running;
    });
    const port = await eventually('the port is open', () => manager.ports().webhooks);
    const ca = Buffer.from(await eventually('the bundle is there', trusted), 'base64').toString('utf8');
    expect((await call(port, ca, { path: '/validate/pets', body: review('good') })).status).toBe(200);
    await eventually(
      'the configuration is watched',
      () => api.openWatches(VALIDATING_WEBHOOK_CONFIGURATION) === 2,
    );

    await client.delete(VALIDATING_WEBHOOK_CONFIGURATION, { name: 'tenantry' });
    await client.create(VALIDATING_WEBHOOK_CONFIGURATION, configuration);
    expect(Buffer.from(await eventually('the bundle is back', trusted), 'base64').toString('utf8')).toBe(ca);
  });
});
