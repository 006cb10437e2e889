import { NODE_HOME } from './cluster-paths.ts';
import { families, places, type FamilyPlan, type NetworkPlan, type NodePlan } from './network-plan.ts';
import { LISTENER_FD } from './node-init.ts';
import { POLICY_SOCKET } from './node-config.ts';
import type { ToolPaths } from './toolchain.ts';

/** The programs that run on the first node, in the order in which they are started. */
export const SERVICES = [
  'containerd',
  'etcd',
  'registry',
  'kube-apiserver',
  'forwarder',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'agent',
] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Those that need no API server; the rest are started when it is ready, so that none of them fails first. */
export const FIRST_SERVICES: readonly ServiceName[] = [
  'etcd',
  'kube-apiserver',
  'containerd',
  'registry',
  'forwarder',
];

/** The programs of every other node. */
export const WORKER_SERVICES = [
  'containerd',
  'kubelet',
  'kube-proxy',
  'agent',
] as const satisfies readonly ServiceName[];

/** Where volumes of the default StorageClass lie, as the node sees it: on the machine's disk, below the cluster's folder. */
export const VOLUMES = '/var/lib/tenantry/volumes';
/** The port of the API server inside the node. */
export const API_PORT = 6443;

const PKI = `${NODE_HOME}/etc/pki`;
const ETC = `${NODE_HOME}/etc`;

/** What the command lines are made of. */
export interface ServiceOptions {
  readonly node: NodePlan;
  readonly network: NetworkPlan;
  readonly tools: ToolPaths;
  /** The command line that starts this very program; words follow. */
  readonly self: readonly string[];
}

/** Every service's command line on one node. */
export function serviceCommands(options: ServiceOptions): Readonly<Record<ServiceName, readonly string[]>> {
  const { network, node, self } = options;
  const tool = (name: string): string => options.tools.get(name) ?? name;
  return {
    containerd: ['/usr/bin/containerd', '--config', `${ETC}/containerd.toml`],
    etcd: [tool('etcd'), ...etcdFlags()],
    registry: [tool('registry'), 'serve', `${ETC}/registry.yaml`],
    'kube-apiserver': [tool('kube-apiserver'), ...apiServerFlags(network)],
    'kube-controller-manager': [tool('kube-controller-manager'), ...controllerManagerFlags(network)],
    'kube-scheduler': [
      tool('kube-scheduler'),
      ...identity('scheduler'),
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
    ],
    kubelet: [
      tool('kubelet'),
      `--config=${ETC}/kubelet.yaml`,
      `--kubeconfig=${ETC}/kubelet.kubeconfig`,
      `--hostname-override=${node.name}`,
      `--node-ip=${places(node)
        .map(({ address }) => address)
        .join(',')}`,
    ],
    'kube-proxy': [tool('kube-proxy'), `--config=${ETC}/kube-proxy.yaml`],
    forwarder: [
      ...self,
      'cluster',
      'forwarder',
      `--listen-fd=${LISTENER_FD}`,
      `--target=${network.v4.node}:${API_PORT}`,
      `--dial-socket=${NODE_HOME}/run/dial.sock`,
    ],
    agent: [
      ...self,
      'cluster',
      'agent',
      `--node=${node.name}`,
      `--kubeconfig=${ETC}/agent.kubeconfig`,
      `--storage-root=${VOLUMES}`,
      // One agent gives addresses for all nodes: two would give the same one twice.
      ...(node.number === 1 ? [`--load-balancers=${network.loadBalancers}`] : []),
      `--policy-socket=${POLICY_SOCKET}`,
    ],
  };
}

function etcdFlags(): string[] {
  const tls = (side: string): string[] => [
    `--${side}cert-file=${PKI}/etcd.crt`,
    `--${side}key-file=${PKI}/etcd.key`,
    `--${side}trusted-ca-file=${PKI}/etcd-ca.crt`,
    `--${side}client-cert-auth=true`,
  ];
  return [
    '--name=node',
    `--data-dir=${NODE_HOME}/etcd`,
    '--listen-client-urls=https://127.0.0.1:2379',
    '--advertise-client-urls=https://127.0.0.1:2379',
    '--listen-peer-urls=https://127.0.0.1:2380',
    '--initial-advertise-peer-urls=https://127.0.0.1:2380',
    '--initial-cluster=node=https://127.0.0.1:2380',
    ...tls(''),
    ...tls('peer-'),
    // A cluster for trying things out may lose its last second when the machine loses power; waiting for the disk at each
    // write costs more than that is worth.
    '--unsafe-no-fsync=true',
    '--log-level=warn',
  ];
}

function apiServerFlags(network: NetworkPlan): string[] {
  return [
    '--etcd-servers=https://127.0.0.1:2379',
    `--etcd-cafile=${PKI}/etcd-ca.crt`,
    `--etcd-certfile=${PKI}/apiserver-etcd.crt`,
    `--etcd-keyfile=${PKI}/apiserver-etcd.key`,
    `--advertise-address=${network.v4.node}`,
    `--bind-address=${network.v6 === undefined ? '0.0.0.0' : '::'}`,
    `--secure-port=${API_PORT}`,
    `--service-cluster-ip-range=${both(network, (family) => family.services)}`,
    `--tls-cert-file=${PKI}/apiserver.crt`,
    `--tls-private-key-file=${PKI}/apiserver.key`,
    `--client-ca-file=${PKI}/ca.crt`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    '--profiling=false',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${PKI}/service-accounts.pub`,
    `--service-account-signing-key-file=${PKI}/service-accounts.key`,
    `--kubelet-certificate-authority=${PKI}/ca.crt`,
    `--kubelet-client-certificate=${PKI}/apiserver-kubelet.crt`,
    `--kubelet-client-key=${PKI}/apiserver-kubelet.key`,
    '--kubelet-preferred-address-types=InternalIP',
    `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${PKI}/front-proxy.crt`,
    `--proxy-client-key-file=${PKI}/front-proxy.key`,
  ];
}

function controllerManagerFlags(network: NetworkPlan): string[] {
  return [
    ...identity('controller-manager'),
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--root-ca-file=${PKI}/ca.crt`,
    `--client-ca-file=${PKI}/ca.crt`,
    `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`,
    `--service-account-private-key-file=${PKI}/service-accounts.key`,
    '--use-service-account-credentials=true',
    `--cluster-signing-cert-file=${PKI}/ca.crt`,
    `--cluster-signing-key-file=${PKI}/ca.key`,
    '--allocate-node-cidrs=true',
    `--cluster-cidr=${both(network, (family) => family.pods)}`,
    `--service-cluster-ip-range=${both(network, (family) => family.services)}`,
    ...(network.v6 === undefined
      ? ['--node-cidr-mask-size=24']
      : ['--node-cidr-mask-size-ipv4=24', '--node-cidr-mask-size-ipv6=64']),
    // The defaults delete seven namespaces a second; tests make and delete many.
    '--kube-api-qps=100',
    '--kube-api-burst=200',
    '--concurrent-namespace-syncs=20',
  ];
}

function identity(name: string): string[] {
  const file = `${ETC}/${name}.kubeconfig`;
  return [
    `--kubeconfig=${file}`,
    `--authentication-kubeconfig=${file}`,
    `--authorization-kubeconfig=${file}`,
  ];
}

/** The IPv4 value and, where there is one, the IPv6 value, as Kubernetes writes two families. */
function both(network: NetworkPlan, pick: (family: FamilyPlan) => string): string {
  return families(network).map(pick).join(',');
}
