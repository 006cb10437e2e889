import { shell } from './programs.ts';

/**
 * Everything of the machine that the local cluster `name` in the folder `home` could leave changed, as text to compare. Other clusters'
 * own groups are left out.
 */
export async function machineState(name: string, home: string): Promise<string> {
  const { stdout } = await shell(`
    ip -o link | sed 's/ state [A-Z]*//'; ip -o addr | sed 's/valid_lft.*//'
    ip route show table all; ip -6 route show table all | sed 's/ expires [0-9]*sec//'; ip rule; ip -6 rule
    nft list ruleset; iptables-save | grep -v '^[#:]'; ip6tables-save | grep -v '^[#:]'; ls /run/netns
    find /sys/fs/cgroup -type d | grep -E '/tenantry-${name}(/|$)|/kubepods|/k8s.io' | grep -vP '/tenantry-(?!${name}(/|$))'
    for f in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
      kernel/keys/root_maxbytes net/ipv4/ip_forward net/ipv4/conf/all/route_localnet net/ipv6/conf/all/forwarding \
      net/ipv6/conf/default/accept_dad; do echo $f $(cat /proc/sys/$f); done
    cat /proc/mounts; hostname
    ls -d /var/lib/kubelet /var/lib/cni /var/log/pods /var/log/containers /run/containerd /run/tenantry
    ls ${home}; pgrep -af '${home}/' | grep -v pgrep
  `);
  return stdout;
}
