import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ClusterPaths } from './cluster-paths.ts';
import { NEWEST_RELEASE } from './kubernetes-release.ts';
import { LocalError } from './local-error.ts';
import { codeOf } from '../lib/error-text.ts';

const processId = z.object({ pid: z.number().int(), started: z.string() });
const family = z.object({
  nodes: z.string(),
  pods: z.string(),
  services: z.string(),
  node: z.string(),
  apiService: z.string(),
});

const clusterState = z.object({
  version: z.literal(1),
  name: z.string(),
  /** How many nodes it has. */
  nodes: z.number().int().default(1),
  network: z.object({ v4: family, v6: family.optional(), dns: z.string(), loadBalancers: z.string() }),
  cgroups: z.object({
    version: z.union([z.literal(1), z.literal(2)]),
    groups: z.array(z.object({ controllers: z.string(), folder: z.string() })),
  }),
  snapshotter: z.enum(['overlayfs', 'native']),
  /** The API server's port on 127.0.0.1 of the machine. */
  apiPort: z.number().int(),
  /** The version of Kubernetes, without a `v`. A record from before there was a choice has none. */
  kubernetes: z.string().default(NEWEST_RELEASE.version),
  /** Milliseconds since the epoch. */
  createdAt: z.number(),
  /** Outside the node: ends the node when it ends. Absent until the node was started. */
  holder: processId.optional(),
  /** The node's first process. */
  init: processId.optional(),
  /** True once everything was applied: from then on `up` has nothing to do. */
  complete: z.boolean(),
});

/**
 * What is written down about a cluster before anything is made, so that `down` finds all of it after any crash.
 */
export type ClusterState = z.infer<typeof clusterState>;

/** Reads a cluster's record; undefined when there is none. Throws LocalError when it cannot be understood. */
export async function readState(paths: ClusterPaths): Promise<ClusterState | undefined> {
  const text = await readFile(paths.state, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return clusterState.parse(JSON.parse(text));
  } catch (error) {
    throw new LocalError(
      `${paths.state} is damaged or from another version`,
      'Run `tenantry cluster down`: it clears away what is there.',
      { cause: error },
    );
  }
}

/** Writes the record in one step: a reader sees the old one or the new one. */
export async function writeState(paths: ClusterPaths, state: ClusterState): Promise<void> {
  const draft = `${paths.state}.draft`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, paths.state);
}
