import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDiscovery } from '../../../src/client/discovery.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import type { Client } from '../../../src/client/client.ts';
import {
  CONFIG_MAP,
  CRD,
  NAMESPACE,
  type CustomResourceDefinition,
} from '../../../src/kube/builtin-kinds.ts';
import { findCondition } from '../../../src/kube/conditions.ts';
import type { Kind } from '../../../src/kube/kind.ts';
import type { Condition, KubeObject } from '../../../src/kube/object.ts';
import { codeOf, configMap, eventually, exchange, type Subject, type SubjectFactory } from './subject.ts';

interface Widget extends KubeObject {
  readonly spec?: {
    readonly size?: number;
    readonly colour?: string;
    readonly unknown?: string;
    readonly rows?: readonly { readonly name: string; readonly n?: number }[];
    readonly plain?: readonly string[];
  };
  readonly status?: { readonly phase?: string };
}
const WIDGET: Kind<Widget> = {
  group: 'conformance.tenantry.dev',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};

/** Not among the fields of the upstream type: it spells Kubernetes's own keywords differently. */
const ROWS: object = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  items: {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string' }, n: { type: 'integer' } },
  },
};

const DEFINITION: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.conformance.tenantry.dev' },
  spec: {
    group: WIDGET.group,
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  size: { type: 'integer', minimum: 1 },
                  colour: { type: 'string', default: 'red' },
                  rows: ROWS,
                  plain: { type: 'array', items: { type: 'string' } },
                },
              },
              status: { type: 'object', properties: { phase: { type: 'string' } } },
            },
          },
        },
      },
    ],
  },
};

/** What a cluster does by itself: definitions become kinds, owners take dependents along, namespaces empty themselves. */
export function lifecycleConformance(factory: SubjectFactory): void {
  describe('the life of objects', () => {
    let subject: Subject;
    let client: Client;
    let ns: string;
    beforeAll(async () => {
      subject = await factory();
      ({ client, namespace: ns } = subject);
      await client.delete(CRD, { name: DEFINITION.metadata.name });
      await eventually(async () =>
        (await client.find(CRD, { name: DEFINITION.metadata.name })) === undefined ? true : undefined,
      );
      await client.create(CRD, DEFINITION);
      await eventually(async () => {
        const crd = await client.get(CRD, { name: DEFINITION.metadata.name });
        // True: conditions of a definition are conditions.
        const conditions = (crd.status?.conditions ?? []) as readonly Condition[];
        return findCondition(conditions, 'Established')?.status === 'True' ? crd : undefined;
      });
      await eventually(async () =>
        (await codeOf(client.list(WIDGET, { namespace: ns }))) === 'succeeded' ? true : undefined,
      );
    });
    afterAll(async () => {
      await client.delete(CRD, { name: DEFINITION.metadata.name });
      await subject.stop();
    });

    it('gives a definition no finalizer before somebody deletes it', async () => {
      const crd = await client.get(CRD, { name: DEFINITION.metadata.name });
      expect(crd.metadata.finalizers ?? []).toEqual([]);
    });

    const widget = (name: string, spec: Widget['spec']): Widget => ({
      apiVersion: 'conformance.tenantry.dev/v1',
      kind: 'Widget',
      metadata: { name, namespace: ns },
      ...(spec === undefined ? {} : { spec }),
    });

    it('drops unknown fields of a custom resource and fills in defaults', async () => {
      const created = await client.create(WIDGET, widget('shaped', { size: 2, unknown: 'x' }));

      expect(created.spec).toEqual({ size: 2, colour: 'red' });
      expect(created.metadata.generation).toBe(1);
    });

    it('checks a custom resource by its schema and names the field', async () => {
      const failure = client.create(WIDGET, widget('wrong', { size: 0 }));

      await expect(failure).rejects.toMatchObject({ code: 'Invalid', causes: [{ field: 'spec.size' }] });
    });

    // Of a kind that came late: of those that a server begins with it keeps the first version in memory for a while.
    it('is forgotten in states of long ago: lists lead on from now, watches begin anew', async () => {
      await client.create(WIDGET, widget('aged', { size: 1 }));
      await subject.forget();

      const path = `/apis/conformance.tenantry.dev/v1/namespaces/${ns}/widgets`;
      const token = { v: 'meta.k8s.io/v1', rv: 1, start: 'a\0' };
      const old = Buffer.from(JSON.stringify(token)).toString('base64url');
      const expired = await exchange(subject, 'GET', `${path}?limit=1&continue=${old}`);

      expect(expired).toMatchObject({
        status: 410,
        body: { reason: 'Expired', code: 410, status: 'Failure' },
      });
      // True: a list, or the Status of an expired one, has its token here.
      const { continue: next = '' } = expired.body['metadata'] as { readonly continue?: string };
      const rest = await exchange(subject, 'GET', `${path}?limit=500&continue=${next}`);
      expect(JSON.stringify(rest.body)).toMatch(/"name":"aged"/);
      const watching = async (): Promise<void> => {
        for await (const _event of client.watch(WIDGET, { namespace: ns, resourceVersion: '1' })) return;
      };
      await expect(watching()).rejects.toMatchObject({ code: 'Expired', status: 410 });
    });

    it('takes the status of a custom resource through its own door only', async () => {
      await client.create(WIDGET, { ...widget('doors', { size: 1 }), status: { phase: 'Early' } });
      const ref = { namespace: ns, name: 'doors' };

      expect((await client.get(WIDGET, ref)).status).toBeUndefined();
      const patched = await client.patch(
        WIDGET,
        ref,
        { type: 'merge', body: { spec: { size: 9 }, status: { phase: 'Late' } } },
        { subresource: 'status' },
      );
      expect(patched).toMatchObject({
        spec: { size: 1 },
        status: { phase: 'Late' },
        metadata: { generation: 1 },
      });
    });

    it('wants the version in a replacement of a custom resource', async () => {
      const created = await client.create(WIDGET, widget('replaced', { size: 1 }));
      const { resourceVersion: _version, ...metadata } = created.metadata;

      expect(await codeOf(client.replace(WIDGET, { ...created, metadata }))).toBe('Invalid');
      const replaced = await client.replace(WIDGET, { ...created, spec: { size: 2 } });
      expect(replaced.metadata.generation).toBe(2);
    });

    it('merges a list of a custom resource by the keys its schema names', async () => {
      const rows = (...names: string[]): Widget =>
        widget('listed', { size: 1, rows: names.map((name) => ({ name, n: 1 })) });
      await client.apply(WIDGET, rows('a', 'b'));
      await client.apply(WIDGET, rows('c'), { fieldManager: 'other' });

      const applied = await client.apply(WIDGET, rows('b'));

      expect((applied.spec?.rows ?? []).map((row) => row.name).toSorted()).toEqual(['b', 'c']);
    });

    it('takes a list without keys as one value', async () => {
      await client.apply(WIDGET, widget('atomic', { size: 1, plain: ['a', 'b'] }));
      await client.apply(WIDGET, widget('atomic', { size: 1, plain: ['c'] }), { fieldManager: 'other' });

      expect((await client.get(WIDGET, { namespace: ns, name: 'atomic' })).spec?.plain).toEqual(['c']);
    });

    it('is found by discovery', async () => {
      const discovery = createDiscovery(client, systemClock);

      expect(await discovery.kindFor('conformance.tenantry.dev/v1', 'Widget')).toMatchObject({
        plural: 'widgets',
        namespaced: true,
        subresources: ['status'],
      });
      expect((await discovery.capabilities()).apiVersions).toEqual(
        expect.arrayContaining(['v1/Pod', 'apps/v1/Deployment', 'conformance.tenantry.dev/v1/Widget']),
      );
    });

    it('refuses strategic patches of custom resources', async () => {
      await client.create(WIDGET, widget('strategic', { size: 1 }));

      const call = client.patch(
        WIDGET,
        { namespace: ns, name: 'strategic' },
        { type: 'strategic', body: { spec: { size: 2 } } },
      );

      expect(await codeOf(call)).toBe('UnsupportedMediaType');
    });

    it('takes dependents along with their owner', async () => {
      const owner = await client.create(CONFIG_MAP, configMap(ns, 'owner', {}));
      const reference = {
        apiVersion: owner.apiVersion,
        kind: owner.kind,
        name: 'owner',
        uid: owner.metadata.uid ?? '',
      };
      const dependent = configMap(ns, 'dependent', {});
      await client.create(CONFIG_MAP, {
        ...dependent,
        metadata: { ...dependent.metadata, ownerReferences: [reference] },
      });

      await client.delete(CONFIG_MAP, { namespace: ns, name: 'owner' });

      await eventually(async () =>
        (await client.find(CONFIG_MAP, { namespace: ns, name: 'dependent' })) === undefined
          ? true
          : undefined,
      );
    });

    it('keeps an owner in the foreground until its dependents are gone', async () => {
      const owner = await client.create(CONFIG_MAP, configMap(ns, 'front', {}));
      const reference = {
        apiVersion: owner.apiVersion,
        kind: owner.kind,
        name: 'front',
        uid: owner.metadata.uid ?? '',
        blockOwnerDeletion: true,
      };
      const held = configMap(ns, 'behind', {});
      const metadata = { ...held.metadata, ownerReferences: [reference], finalizers: ['example.org/hold'] };
      await client.create(CONFIG_MAP, { ...held, metadata });

      await client.delete(CONFIG_MAP, { namespace: ns, name: 'front' }, { propagation: 'Foreground' });

      await eventually(
        async () =>
          (await client.get(CONFIG_MAP, { namespace: ns, name: 'behind' })).metadata.deletionTimestamp,
      );
      expect((await client.get(CONFIG_MAP, { namespace: ns, name: 'front' })).metadata).toMatchObject({
        finalizers: ['foregroundDeletion'],
      });
      const release = { metadata: { finalizers: [] } };
      await client.patch(CONFIG_MAP, { namespace: ns, name: 'behind' }, { type: 'merge', body: release });
      await eventually(async () =>
        (await client.find(CONFIG_MAP, { namespace: ns, name: 'front' })) === undefined ? true : undefined,
      );
    });

    it('leaves dependents of a deletion that orphans', async () => {
      const owner = await client.create(CONFIG_MAP, configMap(ns, 'parent', {}));
      const reference = {
        apiVersion: owner.apiVersion,
        kind: owner.kind,
        name: 'parent',
        uid: owner.metadata.uid ?? '',
      };
      const dependent = configMap(ns, 'orphan', {});
      await client.create(CONFIG_MAP, {
        ...dependent,
        metadata: { ...dependent.metadata, ownerReferences: [reference] },
      });

      await client.delete(CONFIG_MAP, { namespace: ns, name: 'parent' }, { propagation: 'Orphan' });

      await eventually(async () => {
        const left = await client.get(CONFIG_MAP, { namespace: ns, name: 'orphan' });
        return (left.metadata.ownerReferences ?? []).length === 0 ? left : undefined;
      });
    });

    it('empties a namespace before it goes, finalizers first', async () => {
      const name = `${ns}-emptied`;
      await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      const held = configMap(name, 'held', {});
      await client.create(CONFIG_MAP, {
        ...held,
        metadata: { ...held.metadata, finalizers: ['example.org/hold'] },
      });
      await client.create(CONFIG_MAP, configMap(name, 'free', {}));

      await client.delete(NAMESPACE, { name });

      await eventually(async () =>
        (await client.find(CONFIG_MAP, { namespace: name, name: 'free' })) === undefined ? true : undefined,
      );
      const terminating = await client.get(NAMESPACE, { name });
      expect(terminating).toMatchObject({ status: { phase: 'Terminating' } });
      expect(await codeOf(client.create(CONFIG_MAP, configMap(name, 'late', {})))).toBe('Forbidden');
      await client.patch(
        CONFIG_MAP,
        { namespace: name, name: 'held' },
        { type: 'merge', body: { metadata: { finalizers: [] } } },
      );
      await eventually(async () =>
        (await client.find(NAMESPACE, { name })) === undefined ? true : undefined,
      );
    });
  });
}
