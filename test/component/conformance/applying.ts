import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../../src/client/client.ts';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  SERVICE,
  type ConfigMap,
  type Deployment,
} from '../../../src/kube/builtin-kinds.ts';
import {
  codeOf,
  configMap,
  exchange,
  type Subject,
  type SubjectFactory,
  type WireAnswer,
} from './subject.ts';

type Container = NonNullable<NonNullable<Deployment['spec']>['template']['spec']>['containers'][number];

/** Server-side apply: who owns what, what goes when it is no longer applied, conflicts and preconditions. */
export function applyConformance(factory: SubjectFactory): void {
  describe('server-side apply', () => {
    let subject: Subject;
    let client: Client;
    let ns: string;
    beforeAll(async () => {
      subject = await factory();
      ({ client, namespace: ns } = subject);
    });
    afterAll(() => subject.stop());

    const deployment = (name: string, containers: readonly Container[]): Deployment => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: ns },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers } },
      },
    });
    const images = (object: Deployment): string[] =>
      (object.spec?.template.spec?.containers ?? []).map(
        (container) => `${container.name}:${container.image ?? ''}`,
      );

    /** An apply that does not force, as it is answered over the wire. */
    const applyByHand = (name: string, data: Record<string, string>): Promise<WireAnswer> =>
      exchange(subject, 'PATCH', `/api/v1/namespaces/${ns}/configmaps/${name}?fieldManager=me`, {
        body: configMap(ns, name, data),
        headers: { 'content-type': 'application/apply-patch+yaml' },
      });
    const ownersOf = ({ metadata }: ConfigMap): string[] => {
      const { managedFields } = metadata as unknown as {
        managedFields: readonly {
          readonly manager: string;
          readonly fieldsV1: { readonly 'f:data'?: object };
        }[];
      };
      return managedFields
        .map(({ manager, fieldsV1 }) => {
          const fields = Object.keys(fieldsV1['f:data'] ?? {}).filter((field) => field !== '.');
          return `${manager}: ${fields.map((field) => field.slice(2)).join(' ')}`;
        })
        .toSorted();
    };

    it('creates what is not there', async () => {
      const applied = await client.apply(CONFIG_MAP, configMap(ns, 'created', { a: '1' }));

      expect(applied.data).toEqual({ a: '1' });
      expect(applied.metadata.uid).toBeDefined();
    });

    it('changes nothing the second time', async () => {
      const first = await client.apply(CONFIG_MAP, configMap(ns, 'twice', { a: '1' }));

      const second = await client.apply(CONFIG_MAP, configMap(ns, 'twice', { a: '1' }));

      expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    });

    it('removes what we applied and apply no more, and nothing of others', async () => {
      await client.apply(CONFIG_MAP, configMap(ns, 'pruned', { ours: '1', kept: '1' }));
      await client.patch(
        CONFIG_MAP,
        { namespace: ns, name: 'pruned' },
        { type: 'merge', body: { data: { theirs: '2' } } },
        { fieldManager: 'other' },
      );

      const applied = await client.apply(CONFIG_MAP, configMap(ns, 'pruned', { kept: '1' }));

      expect(applied.data).toEqual({ kept: '1', theirs: '2' });
    });

    it('keeps what another manager applies, too', async () => {
      await client.apply(CONFIG_MAP, configMap(ns, 'shared', { both: '1' }));
      await client.apply(CONFIG_MAP, configMap(ns, 'shared', { both: '1' }), { fieldManager: 'other' });

      const applied = await client.apply(CONFIG_MAP, configMap(ns, 'shared', {}));

      expect(applied.data).toEqual({ both: '1' });
    });

    it('conflicts over another manager’s value unless forced', async () => {
      await client.apply(CONFIG_MAP, configMap(ns, 'disputed', { a: '1' }), { fieldManager: 'other' });

      const refused = client.apply(CONFIG_MAP, configMap(ns, 'disputed', { a: '2' }), { force: false });

      await expect(refused).rejects.toMatchObject({
        code: 'Conflict',
        causes: [{ reason: 'FieldManagerConflict', field: '.data.a' }],
      });
      const forced = await client.apply(CONFIG_MAP, configMap(ns, 'disputed', { a: '2' }));
      expect(forced.data).toEqual({ a: '2' });
      // The field changed hands: the other one conflicts now.
      expect(
        await codeOf(
          client.apply(CONFIG_MAP, configMap(ns, 'disputed', { a: '1' }), {
            fieldManager: 'other',
            force: false,
          }),
        ),
      ).toBe('Conflict');
    });

    it('names the manager of a field in conflict, and how he set it if not by an apply', async () => {
      await client.apply(CONFIG_MAP, configMap(ns, 'named', { a: '1' }), { fieldManager: 'other' });
      await client.patch(
        CONFIG_MAP,
        { namespace: ns, name: 'named' },
        { type: 'merge', body: { data: { b: '1' } } },
        { fieldManager: 'editor' },
      );
      const one = await applyByHand('named', { a: '2' });
      const update = await applyByHand('named', { b: '2' });
      const both = await applyByHand('named', { a: '2', b: '2', c: '2' });

      expect(one).toMatchObject({
        status: 409,
        body: {
          reason: 'Conflict',
          code: 409,
          message: 'Apply failed with 1 conflict: conflict with "other": .data.a',
          details: {
            causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "other"', field: '.data.a' }],
          },
        },
      });
      const editor = '"editor" using v1';
      expect(update.body['message']).toBe(`Apply failed with 1 conflict: conflict with ${editor}: .data.b`);
      expect(both.body['message']).toBe(
        `Apply failed with 2 conflicts: conflicts with ${editor}:\n- .data.b\nconflicts with "other":\n- .data.a`,
      );
    });

    it('names a manager of the status by its door', async () => {
      const path = `/apis/apps/v1/namespaces/${ns}/deployments/door`;
      const body = (collisionCount: number): object => ({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'door' },
        status: { collisionCount },
      });
      const headers = { 'content-type': 'application/apply-patch+yaml' };
      await client.apply(DEPLOYMENT, deployment('door', [{ name: 'a', image: 'a:1' }]));
      await exchange(subject, 'PATCH', `${path}/status?fieldManager=controller`, { body: body(5), headers });

      const refused = await exchange(subject, 'PATCH', `${path}/status?fieldManager=me`, {
        body: body(6),
        headers,
      });

      expect(refused.body['message']).toBe(
        'Apply failed with 1 conflict: conflict with "controller" with subresource "status": .status.collisionCount',
      );
    });

    it('shares a field that both set alike, and takes it from all when forced', async () => {
      await client.apply(CONFIG_MAP, configMap(ns, 'forced', { a: '1', b: '1' }), { fieldManager: 'first' });
      await client.apply(CONFIG_MAP, configMap(ns, 'forced', { a: '1' }), {
        fieldManager: 'second',
        force: false,
      });

      const disputed = await applyByHand('forced', { a: '2' });
      const forced = await client.apply(CONFIG_MAP, configMap(ns, 'forced', { a: '2' }), {
        fieldManager: 'third',
        force: true,
      });

      expect(disputed.body['message']).toBe(
        'Apply failed with 2 conflicts: conflicts with "first":\n- .data.a\nconflicts with "second":\n- .data.a',
      );
      expect(forced.data).toEqual({ a: '2', b: '1' });
      expect(ownersOf(forced)).toEqual(['first: b', 'third: a']);
    });

    it('takes all of a map away that is applied empty', async () => {
      await client.apply(CONFIG_MAP, configMap(ns, 'emptied', { a: '1', b: '1' }));
      await client.patch(
        CONFIG_MAP,
        { namespace: ns, name: 'emptied' },
        { type: 'merge', body: { data: { theirs: '2' } } },
        { fieldManager: 'other' },
      );

      expect((await client.apply(CONFIG_MAP, configMap(ns, 'emptied', {}))).data).toEqual({ theirs: '2' });
    });

    it('takes over what a plain create set, when forced', async () => {
      await client.create(CONFIG_MAP, configMap(ns, 'adopted', { a: '1', b: '1' }), {
        fieldManager: 'creator',
      });

      const applied = await client.apply(CONFIG_MAP, configMap(ns, 'adopted', { a: '2' }));

      // `b` was never ours: it stays.
      expect(applied.data).toEqual({ a: '2', b: '1' });
    });

    it('leaves what our own create set: a create owns by update, not by apply', async () => {
      await client.create(CONFIG_MAP, configMap(ns, 'made', { a: '1', b: '1' }));

      const applied = await client.apply(CONFIG_MAP, configMap(ns, 'made', { a: '1' }));

      expect(applied.data).toEqual({ a: '1', b: '1' });
    });

    it('removes it once the ownership was handed over by a patch of the managed fields', async () => {
      const made = await client.create(CONFIG_MAP, configMap(ns, 'handed', { a: '1', b: '1' }));
      const { managedFields } = made.metadata as unknown as { managedFields: readonly object[] };
      const handed = managedFields.map((entry) => ({ ...entry, operation: 'Apply' }));
      await client.patch(
        CONFIG_MAP,
        { namespace: ns, name: 'handed' },
        { type: 'merge', body: { metadata: { managedFields: handed } } },
      );

      const applied = await client.apply(CONFIG_MAP, configMap(ns, 'handed', { a: '1' }));

      expect(applied.data).toEqual({ a: '1' });
    });

    it('merges containers by name and removes ours alone', async () => {
      await client.apply(
        DEPLOYMENT,
        deployment('merged', [
          { name: 'a', image: 'a:1' },
          { name: 'b', image: 'b:1' },
        ]),
      );
      const sidecar = deployment('merged', [{ name: 'side', image: 's:1' }]);
      await client.apply(DEPLOYMENT, sidecar, { fieldManager: 'other' });

      const applied = await client.apply(DEPLOYMENT, deployment('merged', [{ name: 'a', image: 'a:2' }]));

      expect(images(applied).toSorted()).toEqual(['a:a:2', 'side:s:1']);
    });

    it('merges the ports of a Service by port and protocol', async () => {
      const service = (
        ports: readonly { readonly name: string; readonly port: number; readonly protocol: 'TCP' | 'UDP' }[],
      ) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'ports', namespace: ns },
        spec: { selector: { app: 'x' }, ports },
      });
      const dns = { name: 'dns', port: 53, protocol: 'UDP' as const };
      const tcp = { name: 'dns-tcp', port: 53, protocol: 'TCP' as const };
      await client.apply(SERVICE, service([dns, tcp]));

      const applied = await client.apply(SERVICE, service([tcp]));

      expect((applied.spec?.ports ?? []).map((port) => port.name)).toEqual(['dns-tcp']);
      expect(applied.spec?.clusterIP).toBeDefined();
    });

    it('answers Conflict for an object that was created anew, and creates none by its UID', async () => {
      const first = await client.apply(CONFIG_MAP, configMap(ns, 'reborn', {}));
      const uid = first.metadata.uid ?? '';
      const byUid = {
        ...configMap(ns, 'reborn', { a: '1' }),
        metadata: { name: 'reborn', namespace: ns, uid },
      };
      await client.delete(CONFIG_MAP, { namespace: ns, name: 'reborn' });

      expect(await codeOf(client.apply(CONFIG_MAP, byUid))).toBe('Conflict');
      await client.create(CONFIG_MAP, configMap(ns, 'reborn', {}));
      expect(await codeOf(client.apply(CONFIG_MAP, byUid))).toBe('Conflict');
    });

    it('answers Conflict for an older version', async () => {
      const first = await client.apply(CONFIG_MAP, configMap(ns, 'older', {}));
      await client.apply(CONFIG_MAP, configMap(ns, 'older', { a: '1' }));

      const stale = {
        ...configMap(ns, 'older', { a: '2' }),
        metadata: { name: 'older', namespace: ns, resourceVersion: first.metadata.resourceVersion ?? '' },
      };

      expect(await codeOf(client.apply(CONFIG_MAP, stale))).toBe('Conflict');
    });

    it('keeps status apart under its own manager', async () => {
      await client.apply(DEPLOYMENT, deployment('status', [{ name: 'a', image: 'a:1' }]));
      const status = {
        ...deployment('status', []),
        spec: undefined,
        status: { collisionCount: 5 },
      } as unknown as Deployment;
      await client.apply(DEPLOYMENT, status, { fieldManager: 'tenantry-status', subresource: 'status' });

      const applied = await client.apply(DEPLOYMENT, deployment('status', [{ name: 'a', image: 'a:2' }]));

      expect(images(applied)).toEqual(['a:a:2']);
      expect(applied.status).toMatchObject({ collisionCount: 5 });
    });

    it('stores nothing in a dry run', async () => {
      await client.apply(CONFIG_MAP, configMap(ns, 'dry', {}), { dryRun: true });

      expect(await client.find(CONFIG_MAP, { namespace: ns, name: 'dry' })).toBeUndefined();
    });
  });
}
