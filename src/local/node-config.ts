import { NODE_HOME } from './cluster-paths.ts';
import { families, places, type NetworkPlan, type NodePlan } from './network-plan.ts';
import type { SystemImages } from './system-images.ts';

/** Files that configure a node's programs; names are relative to the cluster's `etc/`. */
export function nodeConfigFiles(
  node: NodePlan,
  network: NetworkPlan,
  images: SystemImages,
  snapshotter: Snapshotter,
): Readonly<Record<string, string>> {
  return {
    'containerd.toml': containerdConfig(images.pause.ref, snapshotter),
    'cni/10-pods.conflist': json(cniConfig(node)),
    // JSON is YAML: kubelet and kube-proxy read both.
    'kubelet.yaml': json(kubeletConfig(network)),
    'kube-proxy.yaml': json(kubeProxyConfig(node.name, network)),
  };
}

/** How containerd stacks layers: overlay file systems cannot be stacked on one another. */
export type Snapshotter = 'overlayfs' | 'native';

/** Plug-ins that are not in the folder of the Debian package. */
export const CNI_BIN = `${NODE_HOME}/cni-bin`;
/** Where the agent hears of new pods before they run (see `agent/`). */
export const POLICY_SOCKET = `${NODE_HOME}/run/policy.sock`;

/**
 * Settings that differ from containerd's defaults: no raising of OOM scores (the machine may lack CAP_SYS_RESOURCE), no
 * AppArmor, a hugetlb controller may be half there.
 */
function containerdConfig(pause: string, snapshotter: Snapshotter): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0
[grpc]
  address = "${NODE_HOME}/run/containerd.sock"
[${cri}]
  sandbox_image = "${pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  enable_selinux = false
  disable_hugetlb_controller = true
  tolerate_missing_hugetlb_controller = true
  stream_server_address = "127.0.0.1"
  [${cri}.cni]
    bin_dir = "${CNI_BIN}"
    conf_dir = "${NODE_HOME}/etc/cni"
    max_conf_num = 1
  [${cri}.registry]
    config_path = "${NODE_HOME}/etc/certs.d"
  [${cri}.containerd]
    snapshotter = "${snapshotter}"
    default_runtime_name = "runc"
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

/**
 * Pods are routed, not bridged: each packet passes the node's forward hook, where policies act. No masquerading: there
 * is no world outside, and policies must see the pod's own address.
 */
function cniConfig(node: NodePlan): unknown {
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'tenantry-ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/run/cni-ipam',
          ranges: places(node).map(({ pods }) => [{ subnet: pods }]),
          routes: [{ dst: '0.0.0.0/0' }, ...(node.v6 === undefined ? [] : [{ dst: '::/0' }])],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
      { type: 'tenantry-policy' },
    ],
  };
}

/**
 * The `ptp` plug-in, told not to look for duplicate IPv6 addresses: it would wait 1 to 2 seconds a pod for an answer that
 * cannot come, since each pod is alone on its link.
 */
export const PTP_PLUGIN = `#!/bin/sh
if [ "$CNI_COMMAND" = ADD ]; then
  nsenter --net="$CNI_NETNS" sh -c 'f=/proc/sys/net/ipv6/conf/default/accept_dad; [ ! -e $f ] || echo 0 >$f'
fi
exec /usr/lib/cni/ptp
`;

/** Intervals and limits for one small machine; the defaults are made for big clusters. */
function kubeletConfig(network: NetworkPlan): unknown {
  const pki = `${NODE_HOME}/etc/pki`;
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${NODE_HOME}/run/containerd.sock`,
    cgroupDriver: 'cgroupfs',
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    clusterDNS: [network.dns],
    clusterDomain: 'cluster.local',
    resolvConf: '/etc/resolv.conf',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${pki}/ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: `${pki}/kubelet.crt`,
    tlsPrivateKeyFile: `${pki}/kubelet.key`,
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '1%',
      'imagefs.available': '1%',
      'nodefs.inodesFree': '1%',
    },
    serializeImagePulls: false,
    syncFrequency: '2s',
    nodeStatusUpdateFrequency: '1s',
    registryPullQPS: 0,
    eventRecordQPS: 0,
    kubeAPIQPS: 50,
    kubeAPIBurst: 100,
  };
}

function kubeProxyConfig(nodeName: string, network: NetworkPlan): unknown {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: `${NODE_HOME}/etc/kube-proxy.kubeconfig` },
    mode: 'iptables',
    clusterCIDR: families(network)
      .map(({ pods }) => pods)
      .join(','),
    hostnameOverride: nodeName,
    metricsBindAddress: '127.0.0.1:10249',
    healthzBindAddress: '127.0.0.1:10256',
    // These settings belong to the machine, not to a network namespace: hands off.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    iptables: { minSyncPeriod: '0s', syncPeriod: '10s' },
    oomScoreAdj: 0,
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
