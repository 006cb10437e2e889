import { describe, expect, it } from 'vitest';
import { KubeError } from '../kube/kube-error.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { createLog } from './log.ts';
import { redact } from './redact.ts';

const PLANTED = 'pl4nted-5ecret-value';

describe('redact', () => {
  const hidden: readonly (readonly [string, unknown])[] = [
    ['a password', { password: PLANTED }],
    ['a password in a chart value', { spec: { mariadb: { auth: { rootPassword: PLANTED } } } }],
    ['an authorization header', { headers: { Authorization: `Bearer ${PLANTED}` } }],
    ['a list under a secret key', { tokens: [PLANTED] }],
    ['an api key', { 'x-api-key': PLANTED }],
    ['a TLS key', { 'tls.key': PLANTED }],
    [
      'a Secret',
      { kind: 'Secret', metadata: { name: 's' }, data: { note: PLANTED }, stringData: { note: PLANTED } },
    ],
    ['a bearer token inside a text', { message: `got 401 for Bearer ${PLANTED}` }],
    ['a password in a URL', { url: `https://user:${PLANTED}@charts.example.com/x.tgz` }],
    [
      'a private key inside a text',
      { text: `x -----BEGIN PRIVATE KEY-----\n${PLANTED}\n-----END PRIVATE KEY-----` },
    ],
    ['a web token inside a text', { text: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.pl4nted-5ecret-value' }],
    ['an error with a cause', { error: new Error('x', { cause: new Error(`https://u:${PLANTED}@h/`) }) }],
    ['bytes', { body: new TextEncoder().encode(PLANTED) }],
  ];
  it.each(hidden)('hides %s', (_name, value) => {
    expect(JSON.stringify(redact(value))).not.toContain(PLANTED);
  });

  it('keeps names, counts and what is no secret', () => {
    const value = {
      secretName: 'db',
      tokenCount: 3,
      secretRef: { name: 'x' },
      namespace: 'n',
      keys: ['a'],
      ok: true,
    };

    expect(redact(value)).toEqual(value);
  });

  it('keeps the code and message of an error', () => {
    const error = new KubeError('Invalid', 'create Pod n/p: no', { status: 422 });

    expect(redact({ error })).toMatchObject({
      error: { name: 'KubeError', code: 'Invalid', status: 422, message: 'create Pod n/p: no' },
    });
  });

  it('ends in cycles and cuts long texts', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;

    expect(JSON.stringify(redact(cycle))).toContain('[deep]');
    expect(redact('x'.repeat(10_000)).length).toBeLessThan(5000);
  });
});

describe('createLog', () => {
  it('writes one JSON line with level, time, message and redacted fields', () => {
    const lines: string[] = [];
    const log = createLog({ level: 'info', clock: new FakeClock(0), write: (line) => lines.push(line) });

    log.child({ controller: 'instance' }).warn('Reconcile failed', { password: PLANTED, key: 'n/a' });
    log.debug('not written');

    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: '1970-01-01T00:00:00.000Z',
      message: 'Reconcile failed',
      controller: 'instance',
      password: '[redacted]',
      key: 'n/a',
    });
  });
});
