import { splitApiVersion, type Kind } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { Clock } from '../lib/clock.ts';
import type { Client } from './client.ts';
import {
  readAggregated,
  readGroupList,
  readResourceList,
  type ServedResource,
} from './discovery-documents.ts';
import { isMap } from '../lib/narrow.ts';

/** What the server can do, in the form Helm's `.Capabilities` has. */
export interface Capabilities {
  /** `v1.37.1`. */
  readonly kubeVersion: string;
  /** `apps/v1` and `apps/v1/Deployment` for everything served, sorted. */
  readonly apiVersions: readonly string[];
}

/** Which kinds the server serves; read once and again when something is missing. */
export interface Discovery {
  /** The kind as the server serves it; undefined if it does not, also after looking again. */
  kindFor(apiVersion: string, kind: string): Promise<Kind | undefined>;
  capabilities(): Promise<Capabilities>;
  resources(): Promise<readonly ServedResource[]>;
  groupIsServed(group: string): Promise<boolean>;
  /** What is known is old: the next question reads anew. */
  invalidate(): void;
}

/** Milliseconds between two readings because of a miss: a chart full of unknown kinds must not become a flood. */
const MISS_INTERVAL_MS = 2_000;
/** Bytes of a discovery document: a cluster with thousands of definitions has a few MiB. */
const MAX_BYTES = 64 * 1024 * 1024;
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

interface Known {
  readonly resources: readonly ServedResource[];
  /** Made with the reading: every rendering asks for them, and who is given the same list twice need not look at it again. */
  readonly capabilities: Capabilities;
  /** Monotonic milliseconds. */
  readonly readAt: number;
}

/** Discovery over a client, cached for the life of the process. */
export function createDiscovery(client: Client, clock: Clock): Discovery {
  let known: Known | undefined;
  let reading: Promise<Known> | undefined;

  const read = (): Promise<Known> => {
    // Many may ask at once; one reading serves them all. A failed one is forgotten, the next question tries again.
    reading ??= readAll(client, clock)
      .then((fresh) => (known = fresh))
      .finally(() => (reading = undefined));
    return reading;
  };
  const current = async (): Promise<Known> => known ?? read();
  /** Looks in what is known, and once more in what is read anew if that is old enough. */
  const look = async <T>(find: (known: Known) => T | undefined): Promise<T | undefined> => {
    const before = await current();
    const found = find(before);
    if (found !== undefined || clock.monotonic() - before.readAt < MISS_INTERVAL_MS) return found;
    return find(await read());
  };

  return {
    kindFor: (apiVersion, kind) => {
      const { group, version } = splitApiVersion(apiVersion);
      return look(({ resources }) =>
        resources.find(
          (served) => served.kind === kind && served.group === group && served.version === version,
        ),
      );
    },
    capabilities: async () => (await current()).capabilities,
    resources: async () => (await current()).resources,
    groupIsServed: async (group) =>
      (await look(({ resources }) =>
        resources.some((served) => served.group === group) ? true : undefined,
      )) ?? false,
    invalidate: () => {
      known = undefined;
    },
  };
}

async function readAll(client: Client, clock: Clock): Promise<Known> {
  const readAt = clock.monotonic();
  const [version, core, groups] = await Promise.all([
    getJson(client, '/version'),
    getJson(client, '/api', AGGREGATED),
    getJson(client, '/apis', AGGREGATED),
  ]);
  const gitVersion = isMap(version) ? version['gitVersion'] : undefined;
  const kubeVersion = typeof gitVersion === 'string' ? gitVersion : '';
  const aggregated = [readAggregated(core), readAggregated(groups)];
  const resources = aggregated.every((part) => part !== undefined)
    ? aggregated.flat()
    : await readOldForm(client, groups);
  return { resources, capabilities: capabilitiesOf(resources, kubeVersion), readAt };
}

function capabilitiesOf(resources: readonly ServedResource[], kubeVersion: string): Capabilities {
  const names = resources.flatMap(({ group, version, kind }) => {
    const groupVersion = group === '' ? version : `${group}/${version}`;
    return [groupVersion, `${groupVersion}/${kind}`];
  });
  return { kubeVersion, apiVersions: [...new Set(names)].toSorted() };
}

/** One request a group and version, for servers and proxies without aggregated discovery. */
async function readOldForm(client: Client, groups: unknown): Promise<readonly ServedResource[]> {
  const paths = ['/api/v1', ...readGroupList(groups).map((groupVersion) => `/apis/${groupVersion}`)];
  const parts = await Promise.all(
    paths.map(async (path) => {
      try {
        return readResourceList(await getJson(client, path));
      } catch (error) {
        // An aggregated API whose server is down must not hide all the others.
        if (isKubeError(error, 'ServiceUnavailable', 'NotFound', 'InternalError')) return [];
        throw error;
      }
    }),
  );
  return parts.flat();
}

async function getJson(client: Client, path: string, accept = 'application/json'): Promise<unknown> {
  const { text } = await client.raw({ method: 'GET', path, headers: { accept }, maxBytes: MAX_BYTES });
  return JSON.parse(text);
}
