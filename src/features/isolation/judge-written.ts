import { INSTANCE_UID_LABEL } from '../../api/names.ts';
import type { Kind } from '../../kube/kind.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { Facts, Written } from './facts.ts';
import { green, hidden, notAsked, PUT_BACK, red, unknown, type Verdict } from './finding.ts';

/**
 * Whether the objects of a kind stand in the namespace as the operator wrote them, by the inventory's account: each by name, UID and content.
 * Pure.
 */
export function judgeWritten(
  facts: Pick<Facts, 'account' | 'target' | 'markOf'>,
  kind: Kind,
  live: readonly KubeObject[] | 'hidden',
): Verdict {
  if (live === 'hidden') return hidden(`${kind.plural} in ${facts.target}`);
  if (facts.account === undefined)
    return unknown(`namespace ${facts.target} has no account of what was written there`, PUT_BACK);
  const wanted = facts.account.policies.filter(({ kind: one }) => isSame(one, kind));
  if (wanted.length === 0) return notAsked(`no ${kind.kind} is asked for`);
  const verdicts = wanted.map((one) => judgeOne(one, live, facts));
  return worstOf(verdicts) ?? green(wanted.map(({ name }) => name).join(', '));
}

/** The first verdict that is red, else the first unknown one. */
export function worstOf(verdicts: readonly Verdict[]): Verdict | undefined {
  return verdicts.find(({ state }) => state === 'red') ?? verdicts.find(({ state }) => state === 'unknown');
}

/**
 * Objects that neither the operator nor the chart brought. What hooks left stands in no account, but carries the instance's UID, which
 * the cluster lets nobody else write.
 */
export function strangersOf<T extends KubeObject>(
  { account, uid }: Pick<Facts, 'account' | 'uid'>,
  kind: Kind,
  live: readonly T[],
): readonly T[] {
  if (account === undefined) return [];
  const ours = [...account.policies, ...account.objects].filter(({ kind: one }) => isSame(one, kind));
  return live.filter(
    ({ metadata }) =>
      metadata.labels?.[INSTANCE_UID_LABEL] !== uid && !ours.some(({ name }) => name === metadata.name),
  );
}

function judgeOne(
  { kind, name, uid, mark }: Written,
  live: readonly KubeObject[],
  { target, markOf }: Pick<Facts, 'target' | 'markOf'>,
): Verdict {
  const what = `${kind.kind} ${name}`;
  const found = live.find(({ metadata }) => metadata.name === name);
  if (found === undefined) return red(`${what} is gone from ${target}`, PUT_BACK);
  if (uid !== undefined && found.metadata.uid !== uid)
    return red(`${what} is not the one that the operator wrote`, PUT_BACK);
  if (mark === undefined)
    return unknown(`how ${what} should look was not noted yet`, 'Ask again in a moment.');
  if (markOf(found) !== mark) return red(`${what} was changed by somebody`, PUT_BACK);
  return green(name);
}

const isSame = (one: Kind, other: Kind): boolean => one.group === other.group && one.kind === other.kind;
