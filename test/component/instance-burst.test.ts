import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findCondition } from '../../src/kube/conditions.ts';
import { eventually } from '../doubles/eventually.ts';
import { InstanceRig, object, SHOP } from './instance-rig.ts';

/** More than the renderings that a process keeps in memory. */
const BURST = 70;
/** Five seconds of CPU, on machines that have more to do. */
const PATIENCE_MS = 180_000;

let rig: InstanceRig;
beforeEach(async () => {
  rig = await InstanceRig.start();
});
afterEach(() => rig.close());

describe('many instances at once', () => {
  it('are made one after the other, each rendered once', { timeout: 2 * PATIENCE_MS }, async () => {
    rig.engine.template = () => [object('v1', 'ConfigMap', 'settings')];
    // All of them wait when the operator begins.
    await rig.stop();
    const names = Array.from({ length: BURST }, (_, n) => `shop${n}`);
    await Promise.all(names.map((name) => rig.create(name)));
    await rig.restart();

    // From the store: copies of so many objects, again and again, would cost more than what is tested.
    const isApplied = (): boolean => {
      const all = rig.manager.stores.list(SHOP);
      const applied = all.filter(
        ({ status }) => findCondition(status?.conditions, 'Applied')?.status === 'True',
      );
      return applied.length === BURST;
    };
    await eventually(
      'all are applied, or one was rendered anew',
      () => isApplied() || rig.engine.renderings.length > BURST,
      PATIENCE_MS,
    );

    expect(rig.engine.renderings).toHaveLength(BURST);
    expect(isApplied()).toBe(true);
  });
});
