import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { Pod } from '../../kube/builtin-kinds.ts';
import type { Facts } from './facts.ts';
import { green, hidden, notAsked, red, type Verdict } from './finding.ts';
import { running } from './running-pods.ts';

/** Label of every node with its name, set by the kubelet. */
const HOSTNAME_LABEL = 'kubernetes.io/hostname';

type Needed = Pick<Facts, 'pods' | 'policies' | 'target' | 'nodeName' | 'uid'>;

/** Looks for a pod that is not held to what was asked for. */
function judgeAll(
  { pods, target }: Needed,
  isHeld: (spec: Pod['spec']) => boolean,
  said: { readonly all: string; readonly stray: string },
): Verdict {
  if (pods === 'hidden') return hidden(`pods in ${target}`);
  const stray = running(pods).find(({ spec }) => !isHeld(spec));
  if (stray === undefined) return green(`${said.all} (pods: ${running(pods).length})`);
  const { name } = stray.metadata;
  return red(
    `pod ${name} ${said.stray}`,
    `kubectl delete pod ${name} -n ${target}: it comes back with what is asked for now.`,
  );
}

/** Whether every pod is held to the nodes of service and plan and to the node that the instance names. Pure. */
export function judgeNodes(facts: Needed): Verdict {
  const { policies, nodeName } = facts;
  if (policies === 'hidden') return hidden('what the service and the plan ask for');
  const wanted = {
    ...policies.nodePool?.nodeSelector,
    ...(nodeName === undefined ? {} : { [HOSTNAME_LABEL]: nodeName }),
  };
  const labels = Object.entries(wanted);
  if (labels.length === 0) return notAsked('neither service nor plan nor instance names nodes');
  const said = labels.map(([key, value]) => `${key}=${value}`).join(', ');
  return judgeAll(facts, (spec) => labels.every(([key, value]) => spec?.nodeSelector?.[key] === value), {
    all: `all on nodes with ${said}`,
    stray: `may run on other nodes than those with ${said}`,
  });
}

/** Whether every pod keeps those of other instances off its node, and itself off theirs. Pure. */
export function judgeExclusiveNodes(facts: Needed): Verdict {
  const { policies, uid } = facts;
  if (policies === 'hidden') return hidden('what the service and the plan ask for');
  if (policies.nodes !== 'exclusive') return notAsked('neither service nor plan asks for nodes of its own');
  return judgeAll(facts, (spec) => keepsOff(spec, uid), {
    all: 'no node is shared with another instance',
    stray: 'may share its node with other instances',
  });
}

function keepsOff(spec: Pod['spec'], uid: string): boolean {
  const terms = spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return terms.some(
    ({ topologyKey, namespaceSelector, labelSelector }) =>
      topologyKey === HOSTNAME_LABEL &&
      Object.keys(namespaceSelector ?? { none: true }).length === 0 &&
      labelSelector?.matchExpressions?.every(({ key }) => key === INSTANCE_UID_LABEL) === true &&
      labelSelector.matchExpressions.some(
        ({ operator, values }) => operator === 'NotIn' && values?.length === 1 && values[0] === uid,
      ),
  );
}

/** Whether every pod runs in the RuntimeClass that service or plan names. Pure. */
export function judgeRuntimeClass(facts: Needed): Verdict {
  const { policies } = facts;
  if (policies === 'hidden') return hidden('what the service and the plan ask for');
  const { runtimeClass } = policies;
  if (runtimeClass === undefined) return notAsked('neither service nor plan names one');
  return judgeAll(facts, (spec) => spec?.runtimeClassName === runtimeClass, {
    all: `all in ${runtimeClass}`,
    stray: `does not run in ${runtimeClass}`,
  });
}
