import { ACCOUNTS } from '../component/instance-rig.ts';
import type { JsonChart } from './json-chart-engine.ts';
import { ServiceWorld } from './service-world.ts';
import type { StoredObjects } from './simulated-cluster.ts';
import { storyOf, type Plot, type Story } from './story.ts';

const CRONTABS = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {kind: CronTab, listKind: CronTabList, plural: crontabs, singular: crontab}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`;

const FIRST: JsonChart = { version: '1.0.0', theme: 'plain', crd: CRONTABS };
const SECOND: JsonChart = { version: '2.0.0', theme: 'dark', crd: CRONTABS };
const THIRD: JsonChart = { version: '3.0.0', theme: 'gold' };
const BROKEN: JsonChart = { version: '4.0.0', theme: 'none', broken: true };

async function upload(world: ServiceWorld): Promise<void> {
  await world.upload('first.tgz', FIRST);
  await world.upload('second.tgz', SECOND);
  await world.upload('third.tgz', THIRD);
  await world.upload('broken.tgz', BROKEN);
}

const registered = async (world: ServiceWorld, ...instances: readonly string[]): Promise<void> => {
  await upload(world);
  world.register('first.tgz');
  await world.until('the registration', () => world.offers('hello-1'));
  for (const name of instances) world.create(name, { greeting: name });
  await world.until('the instances', () => instances.every((name) => world.runs(name, 1, 'hello-1')));
};
const follow = async (world: ServiceWorld, chart: string): Promise<void> =>
  void (await world.patch({ spec: { newResource: { chartURL: `file:///${chart}` } } }));
const refused = async (world: ServiceWorld): Promise<void> => {
  await registered(world, 'a');
  await follow(world, 'broken.tgz');
  await world.until('the refusal', () => world.says('False', 'TemplateFailed'));
};
const isUpgraded = (world: ServiceWorld): boolean => world.offers('hello-2') && world.runs('a', 2, 'hello-2');
const isGone = (world: ServiceWorld): boolean => world.service() === undefined;

const ONE = [ACCOUNTS, 'a'];

/** Another chart, or the service anew where it was removed. */
const afterwards: Plot<ServiceWorld>['afterwards'] = {
  act: async (world) => {
    if (world.service() === undefined) world.register('third.tgz');
    else await follow(world, 'third.tgz');
  },
  isDone: (world) =>
    world.says('True', 'Registered') &&
    world.service()?.status?.chart?.version === THIRD.version &&
    (world.find('a') === undefined || world.shows('a', THIRD.theme)),
};

const PLOTS: readonly Plot<ServiceWorld>[] = [
  {
    name: 'register',
    prepare: upload,
    act: async (world) => world.register('first.tgz'),
    isDone: (world) => world.offers('hello-1'),
    afterwards,
    namespaces: [ACCOUNTS],
  },
  {
    // Nothing wakes it: no watch tells of uploads.
    name: 'register-before-upload',
    prepare: async (world) => {
      world.register('first.tgz');
      await world.until('the complaint', () => world.says('False', 'ChartNotFound'));
    },
    act: upload,
    isDone: (world) => world.offers('hello-1'),
    afterwards,
    namespaces: [ACCOUNTS],
  },
  {
    name: 'new-chart',
    prepare: (world) => registered(world, 'a'),
    act: (world) => follow(world, 'second.tgz'),
    isDone: isUpgraded,
    afterwards,
    namespaces: ONE,
  },
  {
    name: 'refused-chart',
    prepare: (world) => registered(world, 'a'),
    act: (world) => follow(world, 'broken.tgz'),
    isDone: (world) => world.says('False', 'TemplateFailed') && world.runs('a', 1, 'hello-1'),
    afterwards,
    namespaces: ONE,
  },
  {
    name: 'repaired-chart',
    prepare: refused,
    act: (world) => follow(world, 'second.tgz'),
    isDone: isUpgraded,
    afterwards,
    namespaces: ONE,
  },
  {
    name: 'remove-forced',
    prepare: (world) => registered(world, 'a', 'b'),
    act: async (world) => {
      await world.patch({ metadata: { labels: { delete: 'true' } } });
      await world.unregister();
    },
    isDone: isGone,
    afterwards,
    namespaces: [...ONE, 'b'],
  },
  {
    name: 'remove-after-instances',
    prepare: async (world) => {
      await registered(world, 'a');
      await world.unregister();
      await world.until('the word that it has instances', () => world.says('False', 'InstancesExist'));
    },
    act: async (world) => void (await world.remove('a')),
    isDone: isGone,
    afterwards,
    namespaces: ONE,
  },
];

/** Where it matters whether the process knows what it did before: charts are remembered, and so are instances. */
const REMEMBERED = ['new-chart', 'repaired-chart', 'remove-forced'];

/** Every plot by a process that has just been started, some also by one that knows what it did before. */
export const SERVICE_STORIES: readonly Story[] = PLOTS.flatMap((plot) => {
  const start = (stored?: StoredObjects): Promise<ServiceWorld> => ServiceWorld.start(stored);
  const cold = storyOf({ ...plot, name: `${plot.name}-cold` }, 'cold', start);
  return REMEMBERED.includes(plot.name) ? [storyOf(plot, 'warm', start), cold] : [cold];
});
