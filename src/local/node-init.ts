import { inCgroupMount, type CgroupPlan } from './cgroup-plan.ts';
import { NODE_HOME } from './cluster-paths.ts';
import { families, type NetworkPlan, type NodePlan } from './network-plan.ts';
import { shellCommand, shellQuote } from './shell-quote.ts';
import { enterWorkerCgroups, forgetMounts, joinLines } from './worker-init.ts';

/** What the node's first process needs to know. */
export interface NodeInit {
  /** The cluster's folder on the machine. */
  readonly clusterHome: string;
  /** The node's own folder: the same for the first node, one in it for the others. */
  readonly home: string;
  readonly node: NodePlan;
  readonly network: NetworkPlan;
  readonly cgroups: CgroupPlan;
}

/** The descriptor on which the node inherits the listening socket of the machine's side (see `dial.ts`). */
export const LISTENER_FD = 3;

/**
 * Settings that a kubelet would write for the whole machine, with the values it wants. In the node, plain files with these
 * values lie over them: the kubelet finds what it wants, and the machine's own settings are never touched.
 */
export const MASKED_SYSCTLS: Readonly<Record<string, string>> = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
};

/**
 * The script that enters the node's cgroups and becomes the node. It must enter them before its cgroup namespace is
 * made: that namespace's root is the group it is made in.
 */
export function enterScript(init: NodeInit): string {
  const { cgroups, node } = init;
  const enter =
    node.number === 1
      ? cgroups.groups.map(({ folder }) => `echo $$ >${shellQuote(`${folder}/cgroup.procs`)}`)
      : enterWorkerCgroups(cgroups, node.number);
  const unshare = [
    'unshare',
    '--net',
    '--mount',
    '--cgroup',
    '--pid',
    '--uts',
    '--ipc',
    '--fork',
    '--kill-child',
  ];
  return lines([
    '#!/bin/bash',
    'set -eu',
    ...enter,
    `exec ${shellCommand([...unshare, '--mount-proc', '--propagation', 'private', `${init.home}/etc/init`])}`,
  ]);
}

/**
 * The node's first process. It makes mounts and network, then starts services by name as they are written to a pipe, and
 * starts each again when it ends. When this process ends, the kernel ends everything in the node and its mounts,
 * interfaces and rules are gone.
 */
export function initScript(init: NodeInit): string {
  return lines([
    '#!/bin/bash',
    'set -eu',
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...(init.node.number === 1 ? [] : forgetMounts(init.clusterHome)),
    ...mountLines(init),
    ...cgroupLines(init.cgroups),
    ...networkLines(init),
    `hostname ${shellQuote(init.node.name)}`,
    ...superviseLines(),
  ]);
}

function mountLines(init: NodeInit): string[] {
  const masked = Object.entries(MASKED_SYSCTLS).flatMap(([name, value]) => {
    const file = `/run/sysctl/${name.replaceAll('/', '.')}`;
    return [
      `if [ -e /proc/sys/${name} ]; then echo ${value} >${file}; mount --bind ${file} /proc/sys/${name}; fi`,
    ];
  });
  return [
    // Mounts of pods must reach containers that were started earlier, hence shared; the machine sees none of them.
    'mount --make-rshared /',
    'mount -t tmpfs -o mode=755 tmpfs /run',
    `mkdir -p ${NODE_HOME} /run/netns /run/lock /run/sysctl`,
    `mount --bind ${shellQuote(init.home)} ${NODE_HOME}`,
    `mount --bind ${NODE_HOME}/var-lib /var/lib`,
    `mount --bind ${NODE_HOME}/var-log /var/log`,
    // Where the kubelet looks for the runtime's own word on network and restarts; it can't be told another place.
    'mkdir /run/containerd',
    `ln -s ${NODE_HOME}/run/containerd.sock /run/containerd/containerd.sock`,
    ...masked,
  ];
}

function cgroupLines(plan: CgroupPlan): string[] {
  if (plan.version === 2)
    return [
      'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
      // A group that hands controllers on may hold no processes itself: all move into a leaf first.
      'mkdir /sys/fs/cgroup/init',
      'while read -r pid; do echo "$pid" >/sys/fs/cgroup/init/cgroup.procs || true; done </sys/fs/cgroup/cgroup.procs',
      'for each in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "+$each" >/sys/fs/cgroup/cgroup.subtree_control || true; done',
    ];
  const mounts = plan.groups.flatMap((group) => {
    const { controllers } = group;
    const folder = inCgroupMount(plan, group);
    const isNamed = controllers.startsWith('name=');
    const names = controllers.split(',');
    return [
      `mkdir ${folder}`,
      `mount -t cgroup -o ${isNamed ? `none,${controllers}` : controllers} cgroup ${folder}`,
      ...(names.length > 1 ? names.map((name) => `ln -s ${controllers} /sys/fs/cgroup/${name}`) : []),
    ];
  });
  return ['mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup', ...mounts];
}

function networkLines({ network, node }: NodeInit): string[] {
  return [
    'set_net() { echo "$2" >/proc/sys/net/$1; }',
    'set_net ipv4/ip_forward 1',
    ...(network.v6 === undefined
      ? []
      : [
          // Nobody else is on these links: looking for duplicates would delay every address by a second or two.
          'for each in all default; do set_net ipv6/conf/$each/forwarding 1; set_net ipv6/conf/$each/accept_dad 0; done',
        ]),
    'ip link set lo up',
    ...(node.number === 1 ? firstLines(network) : joinLines(network, node)),
  ];
}

function firstLines(network: NetworkPlan): string[] {
  return [
    // Both ends stay here: the node needs an interface with a carrier, not a way out.
    'ip link add eth0 type veth peer name uplink',
    'ip link set uplink up',
    'ip link set eth0 up',
    ...families(network).flatMap((family, index) => {
      const flag = index === 0 ? '-4' : '-6';
      return [
        `ip ${flag} addr add ${family.node}/${family.nodes.split('/')[1] ?? ''} dev eth0`,
        // Service addresses must have some route, or no packet reaches the rules that rewrite them.
        `ip ${flag} route add ${family.services} dev eth0`,
        `ip ${flag} route add unreachable default`,
      ];
    }),
  ];
}

function superviseLines(): string[] {
  return [
    // Only the forwarder may hold the machine's listening socket: another holder would keep the port taken.
    'supervise() {',
    `  if [ "$1" != forwarder ]; then exec ${LISTENER_FD}<&-; fi`,
    '  exec 9<&-',
    '  while :; do',
    `    code=0; ${NODE_HOME}/etc/services/"$1" >>${NODE_HOME}/log/"$1".log 2>&1 </dev/null || code=$?`,
    '    echo "$(date -u +%FT%TZ) $1 ended with $code, starting it again"',
    '    sleep 0.3',
    '  done',
    '}',
    `exec 9<>${NODE_HOME}/run/start`,
    `touch ${NODE_HOME}/run/ready ${NODE_HOME}/run/started`,
    // A worker that is started again runs what it ran before.
    `while read -r name; do supervise "$name" & done <${NODE_HOME}/run/started`,
    // Blocked in a read, bash still reaps every child that ends, also those it was given by others.
    `while read -r -u 9 name; do echo "$name" >>${NODE_HOME}/run/started; supervise "$name" & done`,
  ];
}

/** A service's start script: it becomes the program, so that a signal to the one is a signal to the other. */
export function serviceScript(command: readonly string[]): string {
  return lines(['#!/bin/sh', `exec ${shellCommand(command)}`]);
}

function lines(parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}
