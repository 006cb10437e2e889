import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Instance } from '../../src/api/instance.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/http-client.ts';
import { loadAccess } from '../../src/client/load-access.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import type { Kind } from '../../src/kube/kind.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { run, shell } from './programs.ts';
import { forget, NS, register } from './small-charts.ts';

const KIND: Kind<Instance> = {
  group: 'platformapi.kubeplus',
  version: 'v1alpha1',
  kind: 'Licensed',
  plural: 'licenseds',
  namespaced: true,
};
const ALLOWED = 3;
/** Where some of the instances are refused after admission let them through. */
const NO_ROOM = 'licensed-no-room';

let client: Client;

async function create(name: string, namespace = NS): Promise<string | undefined> {
  const object = {
    apiVersion: `${KIND.group}/${KIND.version}`,
    kind: KIND.kind,
    metadata: { name, namespace },
  };
  try {
    await client.create(KIND, { ...object, spec: {} });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

beforeAll(async () => {
  const surroundings = nodeSurroundings({ env: process.env, cwd: process.cwd(), clock: systemClock });
  client = createClient(await loadAccess({}, surroundings), { clock: systemClock });
  await register('licensed', {
    'templates/a.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n',
  });
  await run(`kubectl create configmap licensed-license -n ${NS}`);
  await run(`kubectl annotate configmap licensed-license -n ${NS} allowed_instances=${ALLOWED}`);
  await run(`kubectl create namespace ${NO_ROOM}`);
  await run(`kubectl create quota none -n ${NO_ROOM} --hard=count/${KIND.plural}.${KIND.group}=0`);
}, 120_000);

afterAll(async () => {
  await forget('licensed');
  await shell(`kubectl delete configmap licensed-license -n ${NS} --ignore-not-found`);
  await shell(`kubectl delete namespace ${NO_ROOM} --wait=false`);
  await client.close();
}, 180_000);

describe('a licence for few, wanted by many at once', () => {
  it('is given to exactly as many, of whom some may be refused later', { timeout: 60_000 }, async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => create(`licensed${n}`, n % 4 === 0 ? NO_ROOM : NS)),
    );

    const text = 'Allowed number of instances reached. Update license for Licensed and then re-try.';
    const denied = answers.filter((answer) => answer?.includes(text));
    // Exceeded, or not counted yet: either way it refuses.
    const late = answers.filter((answer) => answer?.includes('quota: none'));
    expect(denied).toHaveLength(40 - ALLOWED);
    expect((await client.list(KIND)).items.length + late.length).toBe(ALLOWED);
  });
});
