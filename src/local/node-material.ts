import { kubeconfigText } from '../pki/kubeconfig.ts';
import { certificateFiles, nodeCertificateFiles, type ClusterCertificates } from './certificates.ts';
import type { ClusterOptions } from './cluster-options.ts';
import { NODE_HOME, nodePaths, workerName, type ClusterPaths } from './cluster-paths.ts';
import { registryConfig } from './image-registry.ts';
import type { NetworkPlan, NodePlan } from './network-plan.ts';
import { nodeConfigFiles } from './node-config.ts';
import type { NodeOptions } from './node.ts';
import type { Machine } from './preflight.ts';
import { API_PORT, WORKER_SERVICES, serviceCommands } from './services.ts';
import { SYSTEM_IMAGES } from './system-images.ts';
import type { ToolPaths } from './toolchain.ts';

/** What all nodes of one cluster are made from. */
export interface NodeMaterial {
  readonly options: ClusterOptions;
  readonly paths: ClusterPaths;
  readonly machine: Machine;
  readonly network: NetworkPlan;
  readonly nodes: readonly NodePlan[];
  readonly tools: ToolPaths;
  readonly certificates: ClusterCertificates;
}

/** Everything that one node is made from: the first has the control plane and runs the others. */
export function nodeOptions(material: NodeMaterial, node: NodePlan): NodeOptions {
  const { options, paths, network, machine, certificates, nodes, tools } = material;
  const own = certificates.nodes.get(node.name);
  if (own === undefined) throw new RangeError(`no certificates were made for ${node.name}`);
  const isFirst = node.number === 1;
  const place = nodePaths(paths, node.number);
  const commands = serviceCommands({ node, network, tools, self: options.self });
  const { admin: _forPeople, ...controlPlane } = certificates.users;
  const users = {
    ...own.users,
    ...(isFirst ? controlPlane : { 'kube-proxy': certificates.users['kube-proxy'] }),
  };
  const kubeconfigs = Object.entries(users).map(([name, user]) => [
    `${name}.kubeconfig`,
    kubeconfigText({
      server: `https://${network.v4.node}:${API_PORT}`,
      ca: certificates.authority.cert,
      user,
    }),
  ]);
  const pki = Object.entries({
    ...nodeCertificateFiles(certificates, own),
    ...(isFirst ? certificateFiles(certificates) : {}),
  }).map(([name, text]) => [`pki/${name}`, text]);
  return {
    init: { clusterHome: paths.home, home: place.home, node, network, cgroups: machine.cgroups },
    paths: place,
    folders: isFirst ? ['etcd', 'forwards', 'registry'] : [],
    files: {
      ...nodeConfigFiles(node, network, SYSTEM_IMAGES, machine.snapshotter),
      ...(isFirst ? { 'registry.yaml': JSON.stringify(registryConfig(network)) } : {}),
      ...Object.fromEntries(kubeconfigs),
      ...Object.fromEntries(pki),
    },
    services: isFirst
      ? { ...commands, ...workerServices(nodes) }
      : Object.fromEntries(WORKER_SERVICES.map((name) => [name, commands[name]])),
    run: options.run,
  };
}

/** The first node runs each worker as a service of its own: it starts it again when it ends, and takes it along when it ends itself. */
function workerServices(nodes: readonly NodePlan[]): Readonly<Record<string, readonly string[]>> {
  const workers = nodes.filter(({ number }) => number > 1).map(({ number }) => workerName(number));
  return Object.fromEntries(workers.map((name) => [name, ['/bin/bash', `${NODE_HOME}/${name}/etc/enter`]]));
}
