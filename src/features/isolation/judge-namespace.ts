import { INSTANCE_UID_LABEL, ISOLATION_LABEL, STORAGE_CLASSES_LABEL } from '../../api/names.ts';
import type { Facts } from './facts.ts';
import { green, hidden, notAsked, PUT_BACK, red, unknown, type Verdict } from './finding.ts';

type Needed = Pick<Facts, 'namespace' | 'target' | 'uid' | 'policies'>;

type Labels = Readonly<Record<string, string>>;

/** Judges the namespace's labels, where there are some to read. */
function byLabels({ namespace, target }: Needed, judge: (labels: Labels) => Verdict): Verdict {
  if (namespace === 'hidden') return hidden(`namespace ${target}`);
  if (namespace === undefined) return red(`there is no namespace ${target}`, PUT_BACK);
  return judge(namespace.metadata.labels ?? {});
}

/** Whether the namespace is this very instance's. Pure. */
export function judgeOwnNamespace(facts: Needed): Verdict {
  return byLabels(facts, (labels) => {
    const uid = labels[INSTANCE_UID_LABEL];
    if (uid === undefined)
      return red(
        `namespace ${facts.target} does not say whose it is: label ${INSTANCE_UID_LABEL} is missing`,
        `Only the operator can give it; delete the namespace if nothing in it is needed, and it is made anew.`,
      );
    if (uid !== facts.uid)
      return red(
        `namespace ${facts.target} belongs to another instance (${uid})`,
        `Look which: kubectl get namespace ${facts.target} --show-labels.`,
      );
    return green(`${facts.target}, of this instance alone`);
  });
}

/** Levels of Pod Security, the weakest first. */
const LEVELS = ['privileged', 'baseline', 'restricted'];
const ENFORCE = 'pod-security.kubernetes.io/enforce';

/** Whether Pod Security holds pods to the level that is asked for, by the newest rules. Pure. */
export function judgePodSecurity(facts: Needed): Verdict {
  return byLabels(facts, (labels) => {
    const level = labels[ENFORCE] ?? 'privileged';
    const version = labels[`${ENFORCE}-version`] ?? 'latest';
    if (facts.policies === 'hidden')
      return level === 'privileged'
        ? unknown('nothing is enforced, and you may not read what the service asks for', 'Ask the provider.')
        : green(level);
    const { podSecurity } = facts.policies;
    if (podSecurity === 'privileged') return notAsked('the service runs privileged pods');
    if (LEVELS.indexOf(level) < LEVELS.indexOf(podSecurity))
      return red(`level ${level} is enforced instead of ${podSecurity}`, PUT_BACK);
    if (version !== 'latest') return red(`rules of ${version} are enforced, not the latest`, PUT_BACK);
    return green(level);
  });
}

/** Whether claims are held to the plan's storage classes. Pure. */
export function judgeStorageClasses(facts: Needed): Verdict {
  return byLabels(facts, (labels) => {
    if (facts.policies === 'hidden') return hidden('what the service and the plan ask for');
    const classes = facts.policies.storageClasses;
    if (classes === undefined) return notAsked('claims may name any class');
    return labels[STORAGE_CLASSES_LABEL] === classes.join('_')
      ? green(`only ${classes.join(', ')}`)
      : red(`label ${STORAGE_CLASSES_LABEL} does not name the plan's classes`, PUT_BACK);
  });
}

/** Whether the namespace is marked for strict isolation where that is asked for. Pure. */
export function judgeStrictLabel(facts: Needed): Verdict {
  return byLabels(facts, (labels) => {
    const isStrict = labels[ISOLATION_LABEL] === 'strict';
    if (facts.policies === 'hidden')
      return isStrict ? green('strict') : hidden('what the service and the plan ask for');
    if (facts.policies.isolation !== 'strict') return notAsked('the service asks for the default isolation');
    return isStrict ? green('strict') : red(`label ${ISOLATION_LABEL} is not strict`, PUT_BACK);
  });
}
