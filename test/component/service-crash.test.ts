import { describe, expect, it } from 'vitest';
import { SERVICE_UID_LABEL } from '../../src/api/names.ts';
import { RESOURCE_COMPOSITION } from '../../src/api/resource-composition.ts';
import { CONFIG_MAP, CRD, SECRET, SERVICE_ACCOUNT } from '../../src/kube/builtin-kinds.ts';
import { KubeError } from '../../src/kube/kube-error.ts';
import { eventually } from '../doubles/eventually.ts';
import {
  ACCOUNTS,
  chart,
  composition,
  CRONTAB_CRD,
  isReady,
  NAMESPACE,
  useServiceRig,
  type ServiceRig,
} from './service-rig.ts';

/** Names of everything a service leaves in the cluster. */
function leftBehind(rig: ServiceRig): string[] {
  return [
    ...rig.revisions(),
    ...rig.api.objects(CRD).filter(({ metadata }) => metadata.labels?.[SERVICE_UID_LABEL] !== undefined),
    ...rig.api.objects(SERVICE_ACCOUNT, ACCOUNTS),
    ...rig.api.objects(CONFIG_MAP, NAMESPACE),
    ...rig.api.objects(SECRET, NAMESPACE),
  ]
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .sort();
}

/** Runs with a process that dies right after its n-th write reached the server; answers whether it came that far. */
async function dieAfter(rig: ServiceRig, writes: number, isDone: () => Promise<boolean>): Promise<boolean> {
  let left = writes;
  const client = rig.api.client({
    intercept: async (request, next) => {
      const isWrite = request.method !== 'GET' && !request.path.includes('/events');
      // Dead: nothing gets out any more.
      if (left <= 0) throw new KubeError('Cancelled', 'the process is dead');
      const response = await next(request);
      if (isWrite) left -= 1;
      return response;
    },
  });
  rig.restart(client);
  await eventually('the process dies or is done', async () => left <= 0 || (await isDone()));
  await rig.stop();
  return left <= 0;
}

describe('a process that dies after any of its writes', { timeout: 120_000 }, () => {
  const rig = useServiceRig();
  const files = { 'crds/crontab.yaml': CRONTAB_CRD };
  const found = (): Promise<Awaited<ReturnType<ServiceRig['until']>>> =>
    rig().client.find(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });

  it('leaves a registration that the next one completes, and a removal likewise', async () => {
    await rig().upload(chart(files));
    const before = leftBehind(rig());
    await rig().register();
    const undisturbed = leftBehind(rig());
    await rig().client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
    await rig().until((now) => now === undefined);
    await rig().stop();

    let died = true;
    let writes = 0;
    while (died) {
      writes += 1;
      await rig().client.create(RESOURCE_COMPOSITION, composition());
      died = await dieAfter(rig(), writes, async () => isReady(await found()));
      rig().restart();
      await rig().until(isReady);
      expect(leftBehind(rig()), `registration, dead after write ${writes}`).toEqual(undisturbed);
      await rig().stop();

      await rig().client.delete(RESOURCE_COMPOSITION, { namespace: NAMESPACE, name: 'hello' });
      const isGone = async (): Promise<boolean> => (await found()) === undefined;
      died = (await dieAfter(rig(), writes, isGone)) || died;
      rig().restart();
      await rig().until((now) => now === undefined);
      expect(leftBehind(rig()), `removal, dead after write ${writes}`).toEqual(before);
      await rig().stop();
    }
    // Revision, account, texts, two CRDs, finalizer, status and what removal undoes: fewer would mean nothing was tried.
    expect(writes).toBeGreaterThan(6);
  });
});
