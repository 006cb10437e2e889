import { NODE } from '../../kube/builtin-kinds.ts';
import { podRanges, publicNodeRanges } from './cluster-addresses.ts';
import { bindsRoles, exposedServices } from './exposure.ts';
import { entryKey } from './inventory.ts';
import type { KeptRelease } from './kept-release.ts';
import type { Look } from './look.ts';
import { INGRESS_NAMESPACES } from './network-policies.ts';
import { readersOf } from './readers.ts';
import { trafficPeers } from './traffic.ts';
import { namespaceLabels, policyDigest, policyObjects } from './policies.ts';
import type { PolicyWorld, ReleaseTraits } from './world.ts';

/** The policies as they should be, for what a rendering exposes. */
export function policiesOf(look: Look, traits: ReleaseTraits | undefined): PolicyWorld | undefined {
  const { revision, identity, deps, read, instance, service } = look;
  if (revision === undefined || traits === undefined) return undefined;
  const nodes = read.stores.list(NODE);
  const { settings } = deps;
  const network = {
    exposed: traits.exposed,
    usesApi: traits.usesApi,
    apiServer: settings.apiServer ?? [],
    clusterCidrs: settings.clusterCidrs ?? podRanges(nodes),
    nodeCidrs: publicNodeRanges(nodes),
    ingressNamespaces: settings.ingressNamespaces ?? INGRESS_NAMESPACES,
    monitor: revision.spec.policies.monitored === true ? settings.operatorNamespace : undefined,
    peers: trafficPeers(instance, revision.spec.policies.isolation),
  };
  const readers = readersOf(instance, service.provider);
  const objects = policyObjects(identity, revision.spec, network, readers);
  const labels = namespaceLabels(identity, revision.spec.policies);
  const { exposed, usesApi } = traits;
  return { objects, labels, digest: policyDigest(objects, labels), exposed, usesApi };
}

export function traitsOf(release: KeptRelease): ReleaseTraits {
  const objects = release.objects.map(({ object }) => object);
  return { exposed: exposedServices(objects), usesApi: bindsRoles(objects) };
}

export function keysOf({ objects }: PolicyWorld): readonly string[] {
  return objects.map(({ kind, object }) => entryKey({ kind, name: object.metadata.name }));
}
