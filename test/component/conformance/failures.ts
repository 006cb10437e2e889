import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import { CONFIG_MAP, DEPLOYMENT, SECRET } from '../../../src/kube/builtin-kinds.ts';
import { codeOf, configMap, exchange, type Subject, type SubjectFactory } from './subject.ts';

/** How failures look on the wire, and which requests are ones. */
export function failureConformance(factory: SubjectFactory): void {
  describe('failures', () => {
    let subject: Subject;
    let client: Client;
    let ns: string;
    let maps: string;
    beforeAll(async () => {
      subject = await factory();
      ({ client, namespace: ns } = subject);
      maps = `/api/v1/namespaces/${ns}/configmaps`;
      await client.create(CONFIG_MAP, configMap(ns, 'there', { a: '1' }));
    });
    afterAll(() => subject.stop());

    it('name what was not found', async () => {
      const core = await exchange(subject, 'GET', `${maps}/no`);
      const group = await exchange(subject, 'GET', `/apis/apps/v1/namespaces/${ns}/deployments/no`);

      expect(core).toMatchObject({
        status: 404,
        body: {
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'configmaps "no" not found',
          reason: 'NotFound',
          details: { name: 'no', kind: 'configmaps' },
          code: 404,
        },
      });
      expect(group.body).toMatchObject({
        message: 'deployments.apps "no" not found',
        details: { name: 'no', group: 'apps', kind: 'deployments' },
      });
    });

    it('name what exists already', async () => {
      const { status, body } = await exchange(subject, 'POST', maps, { body: configMap(ns, 'there', {}) });

      expect(status).toBe(409);
      expect(body).toMatchObject({
        reason: 'AlreadyExists',
        message: 'configmaps "there" already exists',
        details: { name: 'there', kind: 'configmaps' },
      });
    });

    it('name the stale object of a conflict', async () => {
      const metadata = { name: 'there', namespace: ns, resourceVersion: '1' };
      const body = { ...configMap(ns, 'there', {}), metadata };

      const answer = await exchange(subject, 'PUT', `${maps}/there`, { body });

      expect(answer.status).toBe(409);
      expect(answer.body).toMatchObject({
        reason: 'Conflict',
        message: expect.stringMatching(/^Operation cannot be fulfilled on configmaps "there": /) as string,
        details: { name: 'there', kind: 'configmaps' },
      });
    });

    it.each<[string, 'POST' | 'PUT' | 'PATCH', string, unknown, number]>([
      ['a create with a name in its path', 'POST', '/there', {}, 405],
      ['a replacement of a collection', 'PUT', '', {}, 405],
      ['a patch of a collection', 'PATCH', '', {}, 405],
      ['a body that is no JSON', 'POST', '', '{', 400],
    ])('refuse %s', async (_what, method, path, body, status) => {
      expect((await exchange(subject, method, `${maps}${path}`, { body })).status).toBe(status);
    });

    it('say in which forms they could answer', async () => {
      const answer = await exchange(subject, 'GET', `${maps}/there`, { headers: { accept: 'text/html' } });

      expect(answer).toMatchObject({ status: 406, body: { reason: 'NotAcceptable', code: 406 } });
    });

    it.each([
      ['POST', '', 'text/plain'],
      ['PATCH', '/there', 'application/json'],
    ] as const)('refuse a %s%s of %s', async (method, path, contentType) => {
      const headers = { 'content-type': contentType };
      const answer = await exchange(subject, method, `${maps}${path}`, { body: {}, headers });

      expect(answer).toMatchObject({ status: 415, body: { reason: 'UnsupportedMediaType' } });
    });

    it('refuse bodies above 3 MiB and data above 1 MiB', async () => {
      const data = { a: 'x'.repeat(3 * 1024 * 1024) };
      const long = { a: 'x'.repeat(1024 * 1024 + 1) };
      const encoded = Buffer.alloc(1024 * 1024 + 1).toString('base64');
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'long', namespace: ns } };

      await expect(client.create(CONFIG_MAP, configMap(ns, 'large', data))).rejects.toMatchObject({
        code: 'TooLarge',
        status: 413,
      });
      await expect(client.create(CONFIG_MAP, configMap(ns, 'long', long))).rejects.toMatchObject({
        code: 'Invalid',
        causes: [{ reason: 'FieldValueTooLong' }],
      });
      await expect(client.create(SECRET, { ...secret, data: { a: encoded } })).rejects.toMatchObject({
        code: 'Invalid',
        causes: [{ reason: 'FieldValueTooLong', field: 'data' }],
      });
    });

    it.each<[string, object, string]>([
      ['a label value', { labels: { a: 'not a label' } }, 'metadata.labels'],
      ['a label value that is too long', { labels: { a: 'x'.repeat(64) } }, 'metadata.labels'],
      ['a label key', { labels: { 'a/b/c': 'x' } }, 'metadata.labels'],
      ['an annotation key', { annotations: { 'not a key': 'x' } }, 'metadata.annotations'],
      [
        'annotations that are too long',
        { annotations: { a: 'x'.repeat(256 * 1024) } },
        'metadata.annotations',
      ],
      ['a finalizer', { finalizers: ['not/a/finalizer'] }, 'metadata.finalizers'],
      [
        'an owner without a UID',
        { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: '' }] },
        'metadata.ownerReferences[0].uid',
      ],
    ])('name the field of %s that is none, in creates and patches', async (_what, wrong, field) => {
      const plain = configMap(ns, 'wrong', {});
      const ref = { namespace: ns, name: 'there' };
      const create = (): Promise<unknown> =>
        client.create(CONFIG_MAP, { ...plain, metadata: { ...plain.metadata, ...wrong } });
      const patch = (): Promise<unknown> =>
        client.patch(CONFIG_MAP, ref, { type: 'merge', body: { metadata: wrong } });

      await expect(create()).rejects.toMatchObject({ code: 'Invalid', status: 422, causes: [{ field }] });
      await expect(patch()).rejects.toMatchObject({ code: 'Invalid', causes: [{ field }] });
    });

    it.each<[string, string, object]>([
      ['a parameter dryRun that is not All', 'dryRun=Some', {}],
      ['a field manager without end', `fieldManager=${'x'.repeat(129)}`, {}],
      ['a field validation nobody knows', 'fieldValidation=Perhaps', {}],
    ])('refuse %s', async (_what, query, more) => {
      const body = { ...configMap(ns, 'never', {}), ...more };

      const answer = await exchange(subject, 'POST', `${maps}?${query}`, { body });

      expect(answer).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    });

    it('refuse to apply for nobody, and to force what is not applied', async () => {
      const apply = { 'content-type': 'application/apply-patch+yaml' };
      const merge = { 'content-type': 'application/merge-patch+json' };
      const body = configMap(ns, 'there', {});

      const nobody = await exchange(subject, 'PATCH', `${maps}/there`, { body, headers: apply });
      const forced = await exchange(subject, 'PATCH', `${maps}/there?force=true`, {
        body: {},
        headers: merge,
      });

      expect(nobody).toMatchObject({
        status: 422,
        body: { details: { causes: [{ field: 'fieldManager' }] } },
      });
      expect(forced).toMatchObject({ status: 422, body: { details: { causes: [{ field: 'force' }] } } });
    });

    it.each<[string, object]>([
      ['another name', { metadata: { name: 'else' } }],
      ['another namespace', { metadata: { name: 'there', namespace: 'default' } }],
      ['another kind', { kind: 'Secret' }],
      ['another version', { apiVersion: 'apps/v1' }],
    ])('refuse a replacement whose body says %s than its path', async (_what, other) => {
      const body = { ...configMap(ns, 'there', {}), ...other };

      expect((await exchange(subject, 'PUT', `${maps}/there`, { body })).status).toBe(400);
    });

    it('refuse a name a Namespace can not have, and one a built-in workload can not', async () => {
      const deployment = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'Upper', namespace: ns },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: {
            metadata: { labels: { a: 'b' } },
            spec: { containers: [{ name: 'main', image: 'none' }] },
          },
        },
      };
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'with.dot' } };

      expect(await codeOf(client.create(DEPLOYMENT, deployment))).toBe('Invalid');
      expect((await exchange(subject, 'POST', '/api/v1/namespaces', { body: namespace })).status).toBe(422);
    });
  });
}
