import type { Pod } from '../../kube/builtin-kinds.ts';
import type { TenantRules } from '../tenant.ts';
import { refusal } from '../translation.ts';
import { volumeRefusals } from './pod-volumes.ts';

type Spec = NonNullable<Pod['spec']>;
type Container = Spec['containers'][number];
type Context = NonNullable<Container['securityContext']>;
type PodContext = NonNullable<Spec['securityContext']>;

/** Capabilities that the baseline profile of Pod Security lets a container add. */
const BASELINE_CAPABILITIES: ReadonlySet<string> = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);
/** The same of sysctls. */
const SAFE_SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);
/** The same of SELinux types; '' is none. */
const SAFE_SELINUX_TYPES: ReadonlySet<string> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);

const ASK = 'remove it, or ask for a plan that allows it';

/** Everything in a tenant's pod that would reach past it, in the tenant's words; empty: it may run. */
export function podRefusals(pod: Pod, rules: TenantRules): readonly string[] {
  const { spec } = pod;
  if (spec === undefined) return [];
  return [
    ...nodeRefusals(spec, rules),
    ...(rules.beyondBaseline ? [] : [...profileRefusals('spec', spec.securityContext), ...appArmor(pod)]),
    ...volumeRefusals(spec.volumes ?? [], rules),
    ...containersOf(spec).flatMap(([field, container]) => containerRefusals(field, container, rules)),
  ];
}

function nodeRefusals(spec: Spec, rules: TenantRules): readonly string[] {
  const refusals: string[] = [];
  if (spec.nodeName !== undefined && spec.nodeName !== '' && !rules.nodeName)
    refusals.push(
      refusal('spec.nodeName', 'the host chooses the node', 'use a nodeSelector or node affinity'),
    );
  if (!rules.hostNamespaces)
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const)
      if (spec[field] === true) refusals.push(refusal(`spec.${field}`, 'pods keep out of the node', ASK));
  const { runtimeClassName } = spec;
  if (runtimeClassName !== undefined && rules.runtimeClasses?.includes(runtimeClassName) === false)
    refusals.push(refusal('spec.runtimeClassName', `"${runtimeClassName}" is not in the plan`, ASK));
  if ((spec.resourceClaims ?? []).length > 0)
    refusals.push(refusal('spec.resourceClaims', 'devices of the host are not shared', 'remove them'));
  return refusals;
}

/** All containers of a pod with the field they stand in. */
function containersOf(spec: Spec): readonly (readonly [string, Container])[] {
  // Ephemeral containers have what is looked at here in the same form.
  const ephemeral = (spec.ephemeralContainers ?? []) as readonly Container[];
  return [
    ...spec.containers.map((one) => [`spec.containers[${one.name}]`, one] as const),
    ...(spec.initContainers ?? []).map((one) => [`spec.initContainers[${one.name}]`, one] as const),
    ...ephemeral.map((one) => [`spec.ephemeralContainers[${one.name}]`, one] as const),
  ];
}

/** The same of one container. Also for ephemeral ones, which come when the pod runs already. */
export function containerRefusals(
  field: string,
  container: Container,
  rules: TenantRules,
): readonly string[] {
  const { securityContext, ports } = container;
  const refusals: string[] = [];
  if (securityContext?.privileged === true && !rules.privileged)
    refusals.push(refusal(`${field}.securityContext.privileged`, 'containers keep out of the node', ASK));
  if (!rules.hostPorts)
    for (const { hostPort } of ports ?? [])
      if (hostPort !== undefined && hostPort !== 0)
        refusals.push(
          refusal(`${field}.ports.hostPort`, `port ${hostPort} of the node is not yours`, 'use a Service'),
        );
  if (!rules.beyondBaseline)
    refusals.push(...profileRefusals(field, securityContext), ...probes(field, container));
  return refusals;
}

function profileRefusals(field: string, context: Context | PodContext | undefined): readonly string[] {
  if (context === undefined) return [];
  const at = `${field}.securityContext`;
  const refusals: string[] = [];
  const no = (name: string, why: string): number => refusals.push(refusal(`${at}.${name}`, why, ASK));
  if ('capabilities' in context)
    for (const name of context.capabilities?.add ?? [])
      if (!BASELINE_CAPABILITIES.has(name.replace(/^CAP_/, '')))
        no('capabilities.add', `${name} is not in the plan`);
  if ('procMount' in context && context.procMount !== undefined && context.procMount !== 'Default')
    no('procMount', 'only Default is allowed');
  refusals.push(...unconfined(at, context));
  const { seLinuxOptions, windowsOptions } = context;
  const { user, role, type = '' } = seLinuxOptions ?? {};
  if (!SAFE_SELINUX_TYPES.has(type) || (user ?? '') !== '' || (role ?? '') !== '')
    no('seLinuxOptions', 'only the types of containers are allowed');
  if (windowsOptions?.hostProcess === true) no('windowsOptions.hostProcess', 'pods keep out of the node');
  if ('sysctls' in context)
    for (const { name } of context.sysctls ?? [])
      if (!SAFE_SYSCTLS.has(name)) no('sysctls', `${name} is not a safe one`);
  return refusals;
}

/** Profiles that lift the kernel's fences around a container. */
function unconfined(at: string, context: Context | PodContext): readonly string[] {
  // AppArmor's field is newer than the types we compile with.
  const { appArmorProfile } = context as { readonly appArmorProfile?: { readonly type?: string } };
  const profiles = { seccompProfile: context.seccompProfile, appArmorProfile };
  return Object.entries(profiles)
    .filter(([, profile]) => profile?.type === 'Unconfined')
    .map(([name]) => refusal(`${at}.${name}.type`, 'Unconfined is not in the plan', ASK));
}

/** The old form of the AppArmor profile. */
function appArmor({ metadata }: Pod): readonly string[] {
  return Object.entries(metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith('container.apparmor.security.beta.') && value === 'unconfined')
    .map(([key]) => refusal(`metadata.annotations[${key}]`, 'unconfined is not in the plan', ASK));
}

/** A probe or hook that names a host has the node's agent call it: past every network policy. */
function probes(field: string, container: Container): readonly string[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  const actions = {
    livenessProbe,
    readinessProbe,
    startupProbe,
    'lifecycle.postStart': lifecycle?.postStart,
    'lifecycle.preStop': lifecycle?.preStop,
  };
  return Object.entries(actions)
    .filter(([, action]) =>
      [action?.httpGet?.host, action?.tcpSocket?.host].some((host) => (host ?? '') !== ''),
    )
    .map(([name]) => refusal(`${field}.${name}`, 'it may call the pod itself only', 'remove the field host'));
}
