import { apiServerParts } from './api-server.ts';
import { auditParts } from './audit.ts';
import { controllerManagerParts } from './controller-manager.ts';
import { doorParts } from './door.ts';
import { encryptionParts } from './encryption.ts';
import { etcdParts } from './etcd.ts';
import { etcdPrefixParts } from './etcd-client-files.ts';
import { kineParts } from './kine.ts';
import { networkParts } from './network.ts';
import type { Part } from './object-of.ts';
import type { PlanePki } from './plane-pki.ts';
import type { PlaneSpec, PlaneStore } from './plane-spec.ts';
import { secretParts } from './secrets.ts';

/** Objects that are written together. */
export interface PlaneStage {
  /**
   * `base`: Secrets, Services, network policies. `servers`: store and API server, which wait for each other by themselves.
   * `controllers`: only once the API server answers, for a controller manager that finds none ends and is started late.
   */
  readonly name: 'base' | 'servers' | 'controllers';
  readonly parts: readonly Part[];
}

/** All objects of one plane in the order in which they are written. Pure. */
export function planeParts(spec: PlaneSpec, pki: PlanePki, store: PlaneStore): readonly PlaneStage[] {
  const server = apiServerParts(spec, pki, store);
  const keeper = keeperParts(spec, pki, store);
  return [
    {
      name: 'base',
      parts: [
        ...secretParts(spec, pki),
        ...networkParts(spec, store),
        ...doorParts(spec, pki),
        ...auditParts(spec),
        ...encryptionParts(spec),
        ...keeper.base,
        ...server.base,
      ],
    },
    { name: 'servers', parts: [...keeper.servers, ...server.servers] },
    { name: 'controllers', parts: controllerManagerParts(spec, pki) },
  ];
}

function keeperParts(
  spec: PlaneSpec,
  pki: PlanePki,
  store: PlaneStore,
): { readonly base: readonly Part[]; readonly servers: readonly Part[] } {
  switch (store.kind) {
    case 'etcd':
      return etcdParts(spec, pki, store);
    case 'etcd-prefix':
      return { base: etcdPrefixParts(spec, store), servers: [] };
    case 'postgres':
      return { base: kineParts(spec, store), servers: [] };
  }
}
