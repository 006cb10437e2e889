import type { Pod } from '../../kube/builtin-kinds.ts';

/** What keeps a pod from working, in words that stay the same while the state does. */
export interface Trouble {
  /** CamelCase word for the condition. */
  readonly reason: string;
  readonly message: string;
}

/** Waiting reasons of a container that is on its way. Any other one says what is wrong with it. */
const ON_ITS_WAY = new Set(['ContainerCreating', 'PodInitializing']);
/** Our words for the others, where there is a more telling one. */
const WAITING: Readonly<Record<string, string>> = {
  ErrImagePull: 'ImagePullFailed',
  ImagePullBackOff: 'ImagePullFailed',
  ImageInspectError: 'ImagePullFailed',
  InvalidImageName: 'ImagePullFailed',
  ErrImageNeverPull: 'ImagePullFailed',
  CrashLoopBackOff: 'ContainerCrashes',
  CreateContainerConfigError: 'ContainerConfigError',
};

/** Characters of a pod's own words that we repeat; more is a log, and belongs there. */
const MAX_MESSAGE = 400;

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];
type Terminated = NonNullable<NonNullable<ContainerStatus['state']>['terminated']>;

/** Why a pod is not well; undefined for one that is or may yet become so. */
export function podTrouble(pod: Pod): Trouble | undefined {
  const { status, metadata } = pod;
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return {
      reason: 'Unschedulable',
      message: `Pod ${metadata.name} has no node: ${steady(scheduled.message)}`,
    };
  }
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const trouble = containerTrouble(metadata, container);
    if (trouble !== undefined) return trouble;
  }
  if (status?.phase !== 'Failed') return undefined;
  const why =
    failureOf(pod) ?? [status.reason, status.message].filter((text) => text !== undefined).join(': ');
  return { reason: 'PodFailed', message: `Pod ${metadata.name} failed: ${steady(why)}` };
}

function containerTrouble(pod: Pod['metadata'], container: ContainerStatus): Trouble | undefined {
  const waiting = container.state?.waiting;
  if (waiting?.reason === undefined || ON_ITS_WAY.has(waiting.reason)) return undefined;
  const reason = WAITING[waiting.reason] ?? 'ContainerFails';
  const where = `Pod ${pod.name}, container ${container.name}`;
  if (reason === 'ContainerCrashes') {
    const last = container.lastState?.terminated;
    const how = last === undefined ? 'it ends soon after its start' : terminatedText(last);
    // A container that says nothing of its end has written it into its log, as a rule.
    const isSilent = steady(last?.message) === '';
    const hint = isSilent ? `; its log may say why: ${logCommand(pod, container.name)}` : '';
    return { reason, message: `${where} crashes: ${how}${hint}` };
  }
  if (reason === 'ImagePullFailed') {
    return {
      reason,
      message: `${where}: image ${container.image} can't be pulled${imageCause(waiting.message)}`,
    };
  }
  return { reason, message: `${where} can't be started: ${waiting.reason}: ${steady(waiting.message)}` };
}

function logCommand({ name, namespace }: Pod['metadata'], container: string): string {
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  return `kubectl logs${where} ${name} -c ${container} --previous`;
}

/** The kubelet tells the cause alternately bare and behind `Back-off pulling image …: ErrImagePull: `. */
function imageCause(message: string | undefined): string {
  const cause = steady(message?.replace(/^Back-off pulling image "[^"]*"(?:: ErrImagePull: )?/, ''));
  return cause === '' ? '' : `: ${cause}`;
}

/** What the first container that failed said of itself; undefined if none ended in failure. */
export function failureOf(pod: Pod): string | undefined {
  const { status } = pod;
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const ended = container.state?.terminated ?? container.lastState?.terminated;
    if (ended !== undefined && ended.exitCode !== 0)
      return `container ${container.name}: ${terminatedText(ended)}`;
  }
  return undefined;
}

function terminatedText({ reason, exitCode, message }: Terminated): string {
  const own = steady(message);
  const ended =
    reason === undefined || reason === 'Error' ? `exit code ${exitCode}` : `${reason}, exit code ${exitCode}`;
  return own === '' ? ended : `${ended}, ${own}`;
}

/** Words that stay: no line breaks, not too long. Of long ones the end counts more: the cause comes last. */
function steady(text: string | undefined): string {
  const line = (text ?? '').replace(/\s+/g, ' ').trim();
  if (line.length <= MAX_MESSAGE) return line;
  return `${line.slice(0, MAX_MESSAGE / 4)} … ${line.slice((-MAX_MESSAGE * 3) / 4)}`;
}
