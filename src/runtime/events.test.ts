import { describe, expect, it } from 'vitest';
import { MemoryClient } from '../../test/doubles/memory-client.ts';
import { KubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';
import { FakeClock } from '../lib/fake-clock.ts';
import { createEvents, eventOf } from './events.ts';
import { silentLog } from './log.ts';
import type { PlannedEvent } from './plan.ts';

const about: KubeObject = {
  apiVersion: 'zoo.dev/v1',
  kind: 'Pet',
  metadata: { namespace: 'n', name: 'rex', uid: 'u1', resourceVersion: '7' },
};
const fed: PlannedEvent = { type: 'Normal', reason: 'Fed', message: 'The pet was fed.' };

describe('eventOf', () => {
  it('is an event of events.k8s.io/v1 about the object', () => {
    expect(eventOf(about, fed, 0, 'pod-1')).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      metadata: { namespace: 'n' },
      eventTime: '1970-01-01T00:00:00.000000Z',
      reportingController: 'tenantry.dev/operator',
      reportingInstance: 'pod-1',
      action: 'Reconcile',
      reason: 'Fed',
      note: 'The pet was fed.',
      regarding: { kind: 'Pet', namespace: 'n', name: 'rex', uid: 'u1' },
    });
  });

  it('keeps within the limits of names and notes', () => {
    const long = { ...about, metadata: { name: 'x'.repeat(253) } };
    const event = eventOf(long, { ...fed, message: 'ü'.repeat(2000) }, 0, 'p');

    expect(event.metadata.name.length).toBeLessThanOrEqual(253);
    expect(event.metadata.namespace).toBe('default');
    expect(Buffer.byteLength(event.note ?? '')).toBeLessThanOrEqual(1024);
    expect(event.note).not.toContain('\uFFFD');
  });
});

describe('createEvents', () => {
  const setUp = () => {
    const client = new MemoryClient();
    const clock = new FakeClock();
    return { client, clock, events: createEvents({ client, clock, log: silentLog, identity: 'p' }) };
  };

  it('counts what repeats instead of repeating it', async () => {
    const { client, events } = setUp();
    for (let i = 0; i < 9; i += 1) await events.emit(about, fed);

    expect(client.calls.map((call) => call.verb)).toEqual(['create', 'patch', 'patch', 'patch']);
    expect(JSON.stringify(client.state())).toContain('"count":8');
  });

  it('begins anew after a while', async () => {
    const { client, clock, events } = setUp();
    await events.emit(about, fed);
    await clock.advance(7 * 60_000);
    await events.emit(about, fed);

    expect(client.calls.map((call) => call.verb)).toEqual(['create', 'create']);
  });

  it('bounds the events about one object, not those about others', async () => {
    const { client, clock, events } = setUp();
    for (let i = 0; i < 100; i += 1) await events.emit(about, { ...fed, message: `number ${i}` });
    expect(client.calls).toHaveLength(25);
    await events.emit({ ...about, metadata: { ...about.metadata, uid: 'u2' } }, fed);
    expect(client.calls).toHaveLength(26);
    await clock.advance(5 * 60_000);
    await events.emit(about, { ...fed, message: 'later' });

    expect(client.calls).toHaveLength(27);
  });

  it('loses an event that cannot be written, and nothing else', async () => {
    const { client, events } = setUp();
    client.fault = () => {
      throw new KubeError('Forbidden', 'no');
    };

    await expect(events.emit(about, fed)).resolves.toBeUndefined();
  });
});
