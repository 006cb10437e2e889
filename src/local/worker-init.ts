import { inCgroupMount, type CgroupPlan } from './cgroup-plan.ts';
import { workerName } from './cluster-paths.ts';
import { families, places, type NetworkPlan, type NodePlan } from './network-plan.ts';
import { shellQuote } from './shell-quote.ts';

// A worker is started by the first node, in namespaces of its own inside those of the first one:
//
//   first node ── node-2 ◀─veth─▶ eth0 ── second node
//     pods 10.244.0.0/24                    pods 10.244.1.0/24
//
// So the first node's end is the worker's end, and every packet between two nodes passes the forward hook of both, where
// policies act. Workers reach each other through the first node.

/** The descriptor by which a worker's first process reaches the network of the node that starts it. */
const OUTER_NET_FD = 7;

/**
 * Lines that go into the worker's own cgroups, below the first node's. What a former run of the worker has left goes first: its
 * processes are dead, and version 2 lets nobody into a group that hands controllers on.
 */
export function enterWorkerCgroups(plan: CgroupPlan, number: number): string[] {
  const enter = plan.groups.flatMap((group) => {
    const outer = inCgroupMount(plan, group);
    const own = `${outer}/${workerName(number)}`;
    const cpuset = ['cpuset.cpus', 'cpuset.mems'].map((file) => `cat ${outer}/${file} >${own}/${file}`);
    return [
      `if [ -d ${own} ]; then find ${own} -depth -type d -exec rmdir {} +; fi`,
      `mkdir ${own}`,
      // A new cpuset of version 1 has no processors: nothing can run in it.
      ...(group.controllers.split(',').includes('cpuset') ? cpuset : []),
      `echo $$ >${own}/cgroup.procs`,
    ];
  });
  return [...enter, `exec ${OUTER_NET_FD}</proc/self/ns/net`];
}

/** A worker's namespace begins with the first node's mounts: its copies of them would keep pods' volumes alive. */
export function forgetMounts(clusterHome: string): string[] {
  return [
    'tac /proc/self/mountinfo | while read -r _ _ _ _ point _; do',
    `  case $(printf %b "$point") in ${shellQuote(clusterHome)}/* | /run/* | /var/lib/* | /var/log/*)`,
    '    umount --lazy "$(printf %b "$point")" || true ;;',
    '  esac',
    'done',
  ];
}

/** Lines that join the worker to the first node: one link, and routes on both sides. */
export function joinLines(network: NetworkPlan, node: NodePlan): string[] {
  const link = workerName(node.number);
  const sides = families(network).map((family, index) => {
    const flag = index === 0 ? '-4' : '-6';
    const bits = index === 0 ? 32 : 128;
    const { address = '', pods = '' } = places(node)[index] ?? {};
    return {
      outer: [
        // The same address on each link: a neighbour is asked for by the address that it has on that link.
        `ip ${flag} addr add ${family.node}/${bits} dev ${link}`,
        `ip ${flag} route add ${address} dev ${link} src ${family.node}`,
        `ip ${flag} route add ${pods} via ${address} dev ${link} src ${family.node}`,
      ],
      inner: [
        `ip ${flag} addr add ${address}/${bits} dev eth0`,
        `ip ${flag} route add ${family.node} dev eth0 src ${address}`,
        ...[family.nodes, family.pods].map((range) => `ip ${flag} route add ${range} via ${family.node}`),
        // Service addresses must have some route, or no packet reaches the rules that rewrite them.
        `ip ${flag} route add ${family.services} dev eth0`,
        `ip ${flag} route add unreachable default`,
      ],
    };
  });
  const outside = `nsenter --net=/proc/self/fd/${OUTER_NET_FD}`;
  return [
    // The link of a former run goes with its namespace, a moment after its last process.
    `${outside} ip link del ${link} 2>/dev/null || true`,
    `ip link add eth0 type veth peer name ${link} netns /proc/self/fd/${OUTER_NET_FD}`,
    'ip link set eth0 up',
    ...[`ip link set ${link} up`, ...sides.flatMap(({ outer }) => outer)].map((line) => `${outside} ${line}`),
    ...sides.flatMap(({ inner }) => inner),
    `exec ${OUTER_NET_FD}<&-`,
  ];
}
