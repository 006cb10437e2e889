import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import { CONFIG_MAP } from '../../../src/kube/builtin-kinds.ts';
import { createAuthority } from '../../../src/pki/certificate.ts';
import { exchange, type Subject, type SubjectFactory, type WireAnswer } from './subject.ts';
import { patching, startWebhookHost, type Reply, type WebhookHost } from './webhook-host.ts';

/** Webhooks that give no answer that counts: what their policy makes of it, and how the caller learns why. */
export function callOutFailureConformance(factory: SubjectFactory): void {
  describe('call-outs that fail', () => {
    let subject: Subject;
    let client: Client;
    let ns: string;
    let host: WebhookHost;
    beforeAll(async () => {
      subject = await factory();
      ({ client, namespace: ns } = subject);
      host = await startWebhookHost(subject);
    });
    afterEach(() => host.reset());
    afterAll(async () => {
      await host.close();
      await subject.stop();
    });

    const make = (about: string): Promise<WireAnswer> =>
      exchange(subject, 'POST', `/api/v1/namespaces/${ns}/configmaps`, { body: host.map(about, about) });
    const failed = (reason: string | RegExp): object => {
      const begin = 'failed calling webhook "broken.conformance.dev": ';
      const text = (before: string): unknown =>
        typeof reason === 'string'
          ? `${before}${begin}${reason}`
          : expect.stringMatching(new RegExp(`^${before}${begin}.*${reason.source}`));
      return {
        status: 500,
        body: {
          reason: 'InternalError',
          code: 500,
          message: text('Internal error occurred: '),
          details: { causes: [{ message: text('') }] },
        },
      };
    };
    const never = (): Promise<object> => new Promise(() => undefined);
    const wrongUid: Reply = () => ({ uid: 'another', allowed: true });
    const defect: Reply = () => ({ httpStatus: 500, text: 'out of order' });

    it.each<[string, 'mutating' | 'validating', Reply, string | RegExp]>([
      [
        'a server error',
        'validating',
        defect,
        'failed to call webhook: an error on the server ("out of order") has prevented the request from succeeding',
      ],
      [
        'a server error that is no text',
        'validating',
        () => ({ httpStatus: 500, text: 'out of order', type: 'application/json' }),
        'failed to call webhook: an error on the server ("unknown") has prevented the request from succeeding',
      ],
      [
        'a path nobody serves',
        'mutating',
        () => ({ httpStatus: 404, text: 'no webhook here' }),
        'failed to call webhook: the server could not find the requested resource',
      ],
      [
        'a bad request',
        'validating',
        () => ({ httpStatus: 400, text: 'not a review' }),
        'failed to call webhook: the server rejected our request for an unknown reason',
      ],
      [
        'a text',
        'validating',
        () => ({ httpStatus: 200, text: 'yes', type: 'application/json' }),
        /failed to call webhook: couldn't/,
      ],
      [
        'a review without a response',
        'validating',
        () => ({
          httpStatus: 200,
          text: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}',
          type: 'application/json',
        }),
        'received invalid webhook response: webhook response was absent',
      ],
      [
        'the answer to another review',
        'mutating',
        wrongUid,
        /received invalid webhook response: expected response\.uid="[0-9a-f-]{36}", got "another"/,
      ],
      [
        'a patch by who only validates',
        'validating',
        () => patching({ op: 'add', path: '/data/a', value: '1' }),
        'received invalid webhook response: validating webhook may not return response.patch',
      ],
    ])('fail the write: %s', async (what, phase, reply, reason) => {
      const about = what.replaceAll(' ', '-');
      await host.listen(about, [{ phase, name: 'broken', reply }]);

      expect(await make(about)).toMatchObject(failed(reason));
      expect(await client.find(CONFIG_MAP, { namespace: ns, name: about })).toBeUndefined();
    });

    it('say how long they waited', async () => {
      const asked = await host.listen('slow', [
        { phase: 'validating', name: 'broken', reply: never, more: { timeoutSeconds: 1 } },
      ]);

      expect(await make('slow')).toMatchObject(
        failed(/failed to call webhook: Post "https:.*\/broken\?timeout=1s": context deadline exceeded/),
      );
      expect(asked.map(({ hook, timeout }) => `${hook} ${timeout ?? ''}`)).toContain('broken 1s');
    });

    it('fail where nobody listens, and where another authority signed', async () => {
      const { cert } = await createAuthority({ commonName: 'other', notBefore: Date.now(), days: 1 });
      const nobody = { clientConfig: { url: 'https://127.0.0.1:1/broken' } };
      await host.listen('nobody', [{ phase: 'mutating', name: 'broken', more: nobody }]);
      await host.listen('untrusted', [
        {
          phase: 'validating',
          name: 'broken',
          more: {
            clientConfig: { url: host.urlOf('broken'), caBundle: Buffer.from(cert).toString('base64') },
          },
        },
      ]);

      expect(await make('nobody')).toMatchObject(
        failed(/failed to call webhook: Post "https:\/\/127\.0\.0\.1:1\//),
      );
      expect(await make('untrusted')).toMatchObject(failed(/failed to call webhook: Post "https:/));
    });

    it('pass where the policy is to ignore them, but for a denial', async () => {
      const more = { failurePolicy: 'Ignore', timeoutSeconds: 1 };
      await host.listen('ignored', [
        { phase: 'mutating', name: 'defect', reply: defect, more },
        { phase: 'mutating', name: 'wrong', reply: wrongUid, more },
        { phase: 'validating', name: 'slow', reply: never, more },
      ]);
      await host.listen('heeded', [
        { phase: 'validating', name: 'no', reply: () => ({ allowed: false }), more },
      ]);

      expect((await make('ignored')).status).toBe(201);
      expect((await make('heeded')).status).toBe(400);
    });
  });
}
