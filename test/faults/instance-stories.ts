import type { Hook, HookEvent } from '../../src/helm/rendering.ts';
import { toYaml } from '../../src/kube/yaml.ts';
import { fourObjects, object, type Template } from '../component/instance-rig.ts';
import { InstanceWorld } from './instance-world.ts';
import { storyOf, type Plot, type Story } from './story.ts';

/** With the title B one object goes and another one comes; `theme` is the provider's. */
const shopTemplate: Template = (request) => {
  const { values } = request;
  const changing = object('v1', 'ConfigMap', values['title'] === 'B' ? 'new' : 'old', { data: { a: 'b' } });
  const theme = object('v1', 'ConfigMap', 'theme', { data: { theme: values['theme'] ?? 'plain' } });
  return [...fourObjects(request), changing, theme];
};

function hook(
  name: string,
  events: readonly HookEvent[],
  weight: number,
  deletePolicies: Hook['deletePolicies'],
): Hook {
  const pod = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'job' }] };
  const job = object('batch/v1', 'Job', name, { spec: { template: { spec: pod } } });
  return {
    name,
    kind: 'Job',
    source: `shop/templates/${name}.yaml`,
    content: toYaml(job),
    events,
    weight,
    deletePolicies,
  };
}

const HOOKS: readonly Hook[] = [
  hook('prepare', ['pre-install', 'pre-upgrade'], 0, ['before-hook-creation']),
  hook('migrate', ['pre-install', 'pre-upgrade'], 5, ['hook-succeeded']),
  hook('greet', ['post-install', 'post-upgrade'], 0, ['before-hook-creation']),
  hook('report', ['post-install', 'post-upgrade'], 5, ['hook-succeeded']),
  hook('save', ['pre-delete'], 0, ['hook-succeeded']),
  hook('wipe', ['post-delete'], 0, ['before-hook-creation']),
];

const installed = async (world: InstanceWorld, ...names: readonly string[]): Promise<void> => {
  for (const name of names) world.create(name, { title: 'A' });
  await world.until('the preparation', () => names.every((name) => world.runs(name, 1, 'shop-1')));
};
const upgraded = async (world: InstanceWorld, ...names: readonly string[]): Promise<void> => {
  await installed(world, ...names);
  await world.revise(2, { providerValues: { theme: 'dark' } });
  await world.until('the upgrade', () => names.every((name) => world.runs(name, 2, 'shop-2')));
};
const nothing = async (): Promise<void> => undefined;

/** Everything once more with other values: what a late write may not bring back. */
const anotherTitle = (...names: readonly string[]): Plot<InstanceWorld>['afterwards'] => ({
  act: async (world) => {
    for (const name of names) {
      if (world.find(name) === undefined) world.create(name, { title: 'Z' });
      else await world.patch(name, { spec: { title: 'Z' } });
    }
  },
  isDone: (world) => names.every((name) => world.shows(name, 'Z')),
});

const PLOTS: readonly Plot<InstanceWorld>[] = [
  {
    name: 'create',
    prepare: nothing,
    act: async (world) => world.create('shop', { title: 'A' }),
    isDone: (world) => world.runs('shop', 1, 'shop-1'),
    afterwards: anotherTitle('shop'),
    namespaces: ['shop'],
  },
  {
    name: 'change',
    prepare: (world) => installed(world, 'shop'),
    act: async (world) => void (await world.patch('shop', { spec: { title: 'B' } })),
    isDone: (world) => world.runs('shop', 2, 'shop-1'),
    afterwards: anotherTitle('shop'),
    namespaces: ['shop'],
  },
  {
    name: 'upgrade',
    prepare: (world) => installed(world, 'shop'),
    act: async (world) => void (await world.revise(2, { providerValues: { theme: 'dark' } })),
    isDone: (world) => world.runs('shop', 2, 'shop-2'),
    afterwards: anotherTitle('shop'),
    namespaces: ['shop'],
  },
  {
    name: 'set-back',
    prepare: (world) => upgraded(world, 'shop'),
    act: async (world) => void (await world.revise(3)),
    isDone: (world) => world.runs('shop', 3, 'shop-3'),
    afterwards: anotherTitle('shop'),
    namespaces: ['shop'],
  },
  {
    name: 'delete',
    prepare: (world) => installed(world, 'shop'),
    act: async (world) => void (await world.remove('shop')),
    isDone: (world) => world.find('shop') === undefined,
    afterwards: anotherTitle('shop'),
    namespaces: ['shop'],
  },
];

const SEVERAL = ['shop-a', 'shop-b', 'shop-c'];

/** Several instances at once: three for two turns of upgrading. */
const CROWD: Plot<InstanceWorld> = {
  name: 'upgrade-several',
  prepare: (world) => installed(world, ...SEVERAL),
  act: async (world) => void (await world.revise(2, { providerValues: { theme: 'dark' } })),
  isDone: (world) => SEVERAL.every((name) => world.runs(name, 2, 'shop-2')),
  afterwards: anotherTitle(...SEVERAL),
  namespaces: SEVERAL,
};

const told = (plot: Plot<InstanceWorld>, start: Story['start'], hooks: readonly Hook[]): Story =>
  storyOf(plot, start, (stored) => InstanceWorld.start(shopTemplate, hooks, stored));

export const INSTANCE_STORIES: readonly Story[] = [
  ...PLOTS.map((plot) => told(plot, 'warm', [])),
  ...PLOTS.map((plot) => told({ ...plot, name: `${plot.name}-hooks` }, 'cold', HOOKS)),
  told(CROWD, 'warm', []),
];
