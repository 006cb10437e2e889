import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import { CONFIG_MAP, DEPLOYMENT, type ConfigMap, type Deployment } from '../../../src/kube/builtin-kinds.ts';
import { writeReview } from '../../../src/runtime/admission-review.ts';
import { codeOf, exchange, type Subject, type SubjectFactory } from './subject.ts';
import {
  ABOUT,
  patching,
  startWebhookHost,
  type Question,
  type Reply,
  type WebhookHost,
} from './webhook-host.ts';

const hooksOf = (questions: readonly Question[]): string[] =>
  questions.map(({ hook }) => hook).filter((hook) => !hook.startsWith('canary-'));
const only = (questions: readonly Question[], hook: string): Question['review'][] =>
  questions.filter((question) => question.hook === hook).map(({ review }) => review);
const add = (path: string, value: unknown): object => ({ op: 'add', path, value });
const patchData =
  (key: string): Reply =>
  () =>
    patching(add(`/data/${key}`, 'added'));

/** The conditions that the operator's chart writes, by their names. */
function conditionsOfTheChart(operator: string): Map<string, string> {
  const file = new URL('../../../deploy/chart/templates/cluster/webhooks.yaml', import.meta.url);
  const text = readFileSync(file, 'utf8').replaceAll('{{ $operator }}', operator);
  const found = text.matchAll(/- name: ([a-z-]+)\n\s+expression: (?:"(.*)"|>-\n\s+(.*))\n/g);
  return new Map([...found].map(([, name = '', quoted, folded]) => [name, quoted ?? folded ?? '']));
}

const deployment = (namespace: string, name: string, about: string): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name, labels: { [ABOUT]: about } },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'a', image: 'none' }] } },
  },
});

/** Admission by webhooks: who is asked, when, about what, and what comes of the answers. */
export function callOutConformance(factory: SubjectFactory): void {
  describe('call-outs', () => {
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
    const at = (name: string) => ({ namespace: ns, name });
    const change = (name: string, data: Record<string, string | null>): Promise<ConfigMap> =>
      client.patch(CONFIG_MAP, at(name), { type: 'merge', body: { data } });

    it('go to mutating webhooks by the names of their configurations, then to validating ones', async () => {
      const asked = await host.listen('order', [
        { phase: 'mutating', name: 'late', configuration: 'b', reply: patchData('late') },
        { phase: 'mutating', name: 'one', configuration: 'a', reply: patchData('one') },
        { phase: 'mutating', name: 'another', configuration: 'a', reply: patchData('another') },
        { phase: 'validating', name: 'judge' },
      ]);

      const created = await client.create(CONFIG_MAP, host.map('order', 'ordered', { a: '1' }));

      expect(hooksOf(asked)).toEqual(['one', 'another', 'late', 'judge']);
      expect(only(asked, 'late')[0]?.object?.data).toEqual({ a: '1', one: 'added', another: 'added' });
      expect(only(asked, 'judge')[0]?.object?.data).toEqual(created.data);
      expect(created.data).toEqual({ a: '1', one: 'added', another: 'added', late: 'added' });
    });

    it('tell who does what to which object', async () => {
      const asked = await host.listen('told', [
        { phase: 'mutating', name: 'first' },
        { phase: 'validating', name: 'second' },
      ]);

      await client.create(CONFIG_MAP, host.map('told', 'told', { a: '1' }));
      await change('told', { a: '2' });
      await client.delete(CONFIG_MAP, at('told'));

      expect(hooksOf(asked)).toEqual(['first', 'second', 'first', 'second', 'second']);
      const [create, update, remove] = only(asked, 'second');
      expect(create).toMatchObject({
        operation: 'CREATE',
        name: 'told',
        namespace: ns,
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        oldObject: null,
        dryRun: false,
        object: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } },
      });
      expect(create?.userInfo.username).not.toBe('');
      expect(update).toMatchObject({
        operation: 'UPDATE',
        object: { data: { a: '2' } },
        oldObject: { data: { a: '1' } },
      });
      expect(remove).toMatchObject({ operation: 'DELETE', object: null, oldObject: { data: { a: '2' } } });
    });

    it('tell the validating ones alone what the server fills in', async () => {
      const asked = await host.listen('filled', [
        { phase: 'mutating', name: 'early' },
        { phase: 'validating', name: 'late' },
      ]);
      const { metadata, ...rest } = host.map('filled', '');
      const { name: _name, ...nameless } = { ...metadata, generateName: 'made-' };

      // The client's types want a name, the server does not.
      const made = await client.create(CONFIG_MAP, { ...rest, metadata: nameless as typeof metadata });

      const [early, late] = [only(asked, 'early')[0], only(asked, 'late')[0]];
      expect([early?.name ?? '', early?.object?.metadata.name ?? '']).toEqual(['', '']);
      expect(early?.object?.metadata['uid']).toBeUndefined();
      expect([late?.name, late?.object?.metadata.name]).toEqual([made.metadata.name, made.metadata.name]);
      expect(late?.object?.metadata['uid']).toBe(made.metadata.uid);
    });

    it('deny by what the webhook says, and nothing is stored', async () => {
      const findings = [{ message: 'too many' }, { field: 'data.a', message: 'not this' }];
      const denial: Reply = ({ uid }) => writeReview(uid, { allowed: false, findings }).response;
      const asked = await host.listen('denied', [
        { phase: 'validating', name: 'strict', reply: denial },
        { phase: 'validating', name: 'other' },
      ]);

      const answer = await exchange(subject, 'POST', `/api/v1/namespaces/${ns}/configmaps`, {
        body: host.map('denied', 'denied'),
      });

      expect(answer).toMatchObject({
        status: 403,
        body: {
          message: 'admission webhook "strict.conformance.dev" denied the request: too many\nnot this',
          reason: 'Forbidden',
          code: 403,
          details: { causes: [{ reason: 'FieldValueInvalid', field: 'data.a', message: 'not this' }] },
        },
      });
      expect(await client.find(CONFIG_MAP, at('denied'))).toBeUndefined();
      // All validating ones are asked at the same time: the denial of one spares no other.
      expect(hooksOf(asked).toSorted()).toEqual(['other', 'strict']);
    });

    it('deny without a word as a bad request, and ask nobody after a mutating denial', async () => {
      const asked = await host.listen('silent', [
        { phase: 'mutating', name: 'silent', reply: () => ({ allowed: false }) },
        { phase: 'mutating', name: 'next' },
        { phase: 'validating', name: 'judge' },
      ]);

      const answer = await exchange(subject, 'POST', `/api/v1/namespaces/${ns}/configmaps`, {
        body: host.map('silent', 'silent'),
      });

      expect(answer).toMatchObject({
        status: 400,
        body: {
          code: 400,
          message: 'admission webhook "silent.conformance.dev" denied the request without explanation',
        },
      });
      expect(hooksOf(asked)).toEqual(['silent']);
    });

    it('come before a name turns out to be taken', async () => {
      await client.create(CONFIG_MAP, host.map('taken', 'taken'));
      const asked = await host.listen('taken', [
        {
          phase: 'validating',
          name: 'judge',
          reply: ({ object }) => ({ allowed: object?.data?.['a'] !== 'no' }),
        },
      ]);

      expect(await codeOf(client.create(CONFIG_MAP, host.map('taken', 'taken', { a: 'no' })))).toBe(
        'BadRequest',
      );
      expect(await codeOf(client.create(CONFIG_MAP, host.map('taken', 'taken')))).toBe('AlreadyExists');
      expect(hooksOf(asked)).toEqual(['judge', 'judge']);
    });

    it('tell of dry runs, of creates by apply, and of changes that change nothing', async () => {
      const asked = await host.listen('kinds', [{ phase: 'validating', name: 'judge' }]);

      await client.apply(CONFIG_MAP, host.map('kinds', 'kinds'), { dryRun: true });
      await client.apply(CONFIG_MAP, host.map('kinds', 'kinds'));
      await client.apply(CONFIG_MAP, host.map('kinds', 'kinds'));
      await client.delete(CONFIG_MAP, at('kinds'), { dryRun: true });

      expect(only(asked, 'judge').map(({ operation, dryRun }) => `${operation} ${String(dryRun)}`)).toEqual([
        'CREATE true',
        'CREATE false',
        'UPDATE false',
        'DELETE true',
      ]);
      expect(await client.find(CONFIG_MAP, at('kinds'))).toBeDefined();
    });

    it('ask about an object that is being deleted at its changes, and not when it goes', async () => {
      const held = host.map('held', 'held');
      await client.create(CONFIG_MAP, {
        ...held,
        metadata: { ...held.metadata, finalizers: ['conformance.tenantry.dev/held'] },
      });
      const asked = await host.listen('held', [{ phase: 'validating', name: 'judge' }]);

      await client.delete(CONFIG_MAP, at('held'));
      await client.patch(CONFIG_MAP, at('held'), { type: 'merge', body: { metadata: { finalizers: null } } });

      expect(only(asked, 'judge').map(({ operation }) => operation)).toEqual(['DELETE', 'UPDATE']);
      expect(await client.find(CONFIG_MAP, at('held'))).toBeUndefined();
    });

    it('select by labels before and after, and by the namespace', async () => {
      const elsewhere = { matchLabels: { 'kubernetes.io/metadata.name': 'default' } };
      const asked = await host.listen('labels', [
        { phase: 'validating', name: 'here' },
        { phase: 'validating', name: 'elsewhere', more: { namespaceSelector: elsewhere } },
      ]);

      await client.create(CONFIG_MAP, host.map('labels', 'labels'));
      await client.patch(CONFIG_MAP, at('labels'), {
        type: 'merge',
        body: { metadata: { labels: { [ABOUT]: null } } },
      });
      await change('labels', { a: '1' });

      expect(hooksOf(asked)).toEqual(['here', 'here']);
    });

    it('give what a mutating webhook adds to nobody, so that an apply leaves it', async () => {
      await host.listen('adds', [{ phase: 'mutating', name: 'adds', reply: patchData('theirs') }]);

      const created = await client.apply(CONFIG_MAP, host.map('adds', 'adds', { ours: '1' }));
      await host.reset();
      await host.listen('adds', [{ phase: 'mutating', name: 'silent' }]);
      const applied = await client.apply(CONFIG_MAP, host.map('adds', 'adds', {}));

      expect(created.data).toEqual({ ours: '1', theirs: 'added' });
      expect(JSON.stringify(created.metadata)).not.toContain('f:theirs');
      expect(applied.data).toEqual({ theirs: 'added' });
    });

    it('give what a mutating webhook adds to a change to nobody either', async () => {
      await client.create(CONFIG_MAP, host.map('changes', 'changes', { ours: '1' }));
      await host.listen('changes', [{ phase: 'mutating', name: 'adds', reply: patchData('theirs') }]);

      const changed = await change('changes', { ours: '2' });

      expect(changed.data).toEqual({ ours: '2', theirs: 'added' });
      expect(JSON.stringify(changed.metadata)).not.toContain('f:theirs');
    });

    it('bring warnings to whoever writes', async () => {
      await host.listen('warned', [
        { phase: 'mutating', name: 'first', reply: () => ({ allowed: true, warnings: ['mind "this"'] }) },
        { phase: 'validating', name: 'second', reply: () => ({ allowed: true, warnings: ['and that'] }) },
      ]);

      const { warnings } = await exchange(subject, 'POST', `/api/v1/namespaces/${ns}/configmaps`, {
        body: host.map('warned', 'warned'),
      });

      expect(warnings.join(' ')).toContain(String.raw`299 - "mind \"this\""`);
      expect(warnings.join(' ')).toContain('299 - "and that"');
    });

    it('heed the conditions that the operator’s chart writes', async () => {
      const asked = await host.listen('who', [{ phase: 'validating', name: 'who' }]);
      await client.create(CONFIG_MAP, host.map('who', 'who'), { dryRun: true });
      const me = only(asked, 'who')[0]?.userInfo.username ?? '';
      const when = (name: string, operator: string): object => {
        const expression = conditionsOfTheChart(operator).get(name);
        expect(expression, name).toBeDefined();
        return { matchConditions: [{ name, expression }] };
      };
      const held = host.map('when', 'when');
      const heard = await host.listen('when', [
        { phase: 'validating', name: 'me', more: when('not-the-operator', me) },
        { phase: 'validating', name: 'another', more: when('not-the-operator', 'somebody') },
        { phase: 'validating', name: 'cleaners', more: when('not-the-cleaners', me) },
        { phase: 'validating', name: 'finalizers', more: when('not-a-finalizer', me) },
        { phase: 'validating', name: 'deletions', more: when('not-a-free-deletion', me) },
      ]);

      await client.create(CONFIG_MAP, {
        ...held,
        metadata: { ...held.metadata, finalizers: ['conformance.tenantry.dev/held'] },
      });
      await client.delete(CONFIG_MAP, at('when'));
      await client.patch(CONFIG_MAP, at('when'), { type: 'merge', body: { metadata: { finalizers: null } } });

      await client.create(DEPLOYMENT, deployment(ns, 'free', 'when'));
      await client.patch(
        DEPLOYMENT,
        at('free'),
        { type: 'merge', body: { status: { collisionCount: 1 } } },
        { subresource: 'status' },
      );
      await client.delete(DEPLOYMENT, at('free'));

      const by = (hook: string, name = 'when'): string[] =>
        only(heard, hook)
          .filter((review) => review.name === name)
          .map(({ operation }) => operation);
      expect(by('me')).toEqual([]);
      expect(by('another')).toEqual(['CREATE', 'DELETE', 'UPDATE']);
      expect(by('cleaners')).toEqual(['CREATE', 'DELETE', 'UPDATE']);
      expect(by('finalizers')).toEqual(['CREATE', 'DELETE']);
      // A ConfigMap has no status: its deletion is not free. That of a Deployment with a status is.
      expect(by('deletions')).toEqual(['CREATE', 'DELETE', 'UPDATE']);
      expect(by('deletions', 'free')).not.toContain('DELETE');
      expect(by('another', 'free')).toContain('DELETE');
    });
  });
}
