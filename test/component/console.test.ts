import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CORE_EVENT, POD, SERVICE } from '../../src/kube/builtin-kinds.ts';
import { ALICE, ConsoleRig, SHOPS } from './console-rig.ts';
import { SHOP } from './instance-rig.ts';

let rig: ConsoleRig;
beforeEach(async () => {
  rig = await ConsoleRig.start();
});
afterEach(() => rig.close());

const alice = { token: 'alice-token' };
const values = { title: 'Shoes', size: 3 };
const create = (name = 'shop1', more: object = {}) =>
  rig.ask(`${SHOPS}/instances?namespace=team-a`, {
    ...alice,
    method: 'POST',
    body: { name, values, ...more },
  });
const one = `${SHOPS}/instances/team-a/shop1`;

/** As the operator and Kubernetes would leave it: running in `shop-1`, with a pod, a Service and an event. */
function run(): void {
  const [shop] = rig.api.objects(SHOP, 'team-a');
  if (shop === undefined) throw new Error('no shop was created');
  rig.api.put(SHOP, { ...shop, status: { namespace: 'shop-1', version: '1.2.0' } });
  const metadata = { name: 'web-1', namespace: 'shop-1' };
  rig.api.put(POD, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { containers: [{ name: 'web', image: 'web' }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  });
  rig.api.put(SERVICE, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, labels: { 'tenantry.dev/instance-uid': shop.metadata.uid ?? '' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    status: { loadBalancer: { ingress: [{ ip: '10.0.0.9' }] } },
  });
  rig.api.put(CORE_EVENT, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'shop-1' },
    involvedObject: { kind: 'Pod', name: 'web-1' },
    reason: 'Started',
    message: 'Started container web',
    type: 'Normal',
    lastTimestamp: '2026-01-02T03:04:05Z',
  });
  rig.api.podLogs.set('shop-1/web-1/web', 'GET / 200\n');
}

describe('a consumer', () => {
  it('signs in with a token, and is told who that is', async () => {
    expect((await rig.ask('/api/session', alice)).json()).toEqual({ user: ALICE, namespace: 'team-a' });
    expect((await rig.ask('/api/session', { token: 'no-token-of-anybody' })).status).toBe(401);
  });

  it('sees the kinds that are open to them, and none else', async () => {
    const may = { list: true, create: true, change: true, remove: true, everywhere: false };
    const { group, version, kind, plural } = SHOP;

    expect((await rig.ask('/api/services?namespace=team-a', alice)).json()).toEqual([
      { group, version, kind, plural, may },
    ]);
    expect((await rig.ask('/api/services?namespace=team-b', alice)).json()).toEqual([]);
  });

  it('is told the schema of the values', async () => {
    const text = await rig.ask(`${SHOPS}?namespace=team-a`, alice);

    expect(text.json()).toMatchObject({
      kind: 'ShopService',
      schema: { required: ['title'], properties: { title: { type: 'string' }, size: { type: 'integer' } } },
    });
  });

  it('creates an instance with a name and values and nothing else', async () => {
    const metadata = { finalizers: ['x'], annotations: { accountidentity: 'eve' } };
    const answer = await create('shop1', { metadata, status: { url: 'http://elsewhere' }, tenantry: {} });

    expect(answer.json()).toMatchObject({ name: 'shop1', namespace: 'team-a', values });
    const [shop] = rig.api.objects(SHOP);
    expect(shop?.spec).toEqual(values);
    expect(shop).not.toHaveProperty('status');
    expect(shop?.metadata).not.toHaveProperty('annotations');
    expect(shop?.metadata).not.toHaveProperty('finalizers');
  });

  it('sees how it is, what it is made of, what happened, where it answers and what it says', async () => {
    await create();
    run();

    expect((await rig.ask(one, alice)).json()).toMatchObject({ runsIn: 'shop-1', version: '1.2.0' });
    expect((await rig.ask(`${one}/parts`, alice)).json()).toMatchObject({
      pods: [{ name: 'web-1', phase: 'Running', ready: true, restarts: 0, containers: ['web'] }],
      urls: ['http://10.0.0.9/'],
      events: [{ reason: 'Started', message: 'Started container web', about: 'Pod web-1', count: 1 }],
      objects: [
        { kind: 'Service', name: 'web-1' },
        { kind: 'Pod', name: 'web-1' },
      ],
      hidden: expect.arrayContaining(['ConfigMap', 'Secret']),
    });
    const log = await rig.ask(`${one}/log?pod=web-1&container=web`, alice);
    expect(log.text).toBe('GET / 200\n');
    expect(log.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('changes it, unless somebody else did meanwhile; a new status is no reason to refuse', async () => {
    const { uid, generation } = (await create()).json() as { uid: string; generation: number }; // true of every view
    run();
    const change = (body: object) => rig.ask(one, { ...alice, method: 'PUT', body });

    const done = await change({ uid, generation, values: { title: 'Boots' } });
    expect(done.json()).toMatchObject({ values: { title: 'Boots' }, generation: generation + 1 });

    const late = await change({ uid, generation, values });
    expect(late.status).toBe(409);
    expect(late.json()).toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining('Somebody changed'),
    });
    expect(rig.api.objects(SHOP)[0]?.spec).toEqual({ title: 'Boots' });
  });

  it('is told in admission’s words what is wrong, and at which field', async () => {
    rig.api.addAdmission(() => ({
      allowed: false,
      findings: [{ field: 'spec.size', message: 'spec.size: must be <= 2' }],
    }));
    const answer = await create();

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.json()).toMatchObject({
      message: expect.stringContaining('spec.size: must be <= 2'),
      causes: [{ field: 'spec.size', message: expect.stringContaining('must be <= 2') }],
    });
  });

  it('deletes it', async () => {
    await create();

    expect((await rig.ask(one, { ...alice, method: 'DELETE' })).status).toBe(200);
    expect(rig.api.objects(SHOP)).toEqual([]);
    expect((await rig.ask(one, alice)).status).toBe(404);
  });

  it('sees nothing of another consumer’s', async () => {
    await create();
    run();
    const eve = { token: 'eve-token' };

    expect((await rig.ask(`${SHOPS}/instances?namespace=team-b`, eve)).json()).toEqual([]);
    for (const path of [`${SHOPS}/instances?namespace=team-a`, `${SHOPS}/instances`, one, `${one}/parts`])
      expect([path, (await rig.ask(path, eve)).status]).toEqual([path, 403]);
    const denied = await rig.ask(`${one}/log?pod=web-1&container=web`, eve);
    expect(denied.status).toBe(403);
    expect(denied.text).toContain('is forbidden: User');
    expect((await rig.ask(one, { ...eve, method: 'DELETE' })).status).toBe(403);
    expect(rig.api.objects(SHOP)).toHaveLength(1);
  });
});

it('whoever may look everywhere gets the instances of all namespaces', async () => {
  await create();
  const admin = { token: 'admin-token' };

  expect((await rig.ask('/api/services?namespace=default', admin)).json()).toMatchObject([
    { may: { everywhere: true } },
  ]);
  expect((await rig.ask(`${SHOPS}/instances`, admin)).json()).toMatchObject([
    { namespace: 'team-a', name: 'shop1' },
  ]);
});
