import { RESOURCE_POLICY, type ResourcePolicy } from '../../api/resource-policy.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { companionController, stalled, type CompanionVerdict, type JudgeCompanion } from './companion.ts';
import type { ServiceSettings } from './dependencies.ts';
import { withPolicy } from './laid-over.ts';
import { policiesOf } from './service-spec.ts';

/** Tells of each ResourcePolicy whether it is in force; what it changes is done by the controller of services. */
export const policyController = (
  settings: Pick<ServiceSettings, 'operatorNamespace'>,
): ReturnType<typeof companionController<ResourcePolicy>> =>
  companionController(RESOURCE_POLICY, settings, judgePolicy);

/** Whether the newest revision of the service has the policy in it. Pure. */
export const judgePolicy: JudgeCompanion<ResourcePolicy> = (
  policy,
  { composition, resource, revision },
): CompanionVerdict => {
  const { spec, findings } = withPolicy(composition.spec, policy);
  const { name } = composition.metadata;
  if (findings.length > 0) {
    const wrong = findings.map(({ message }) => message.trim()).join('\n');
    return stalled(
      'PolicyInvalid',
      `${wrong}\nUntil then ${resource.kind} has what ResourceComposition ${name} says.`,
    );
  }
  if (revision === undefined || !deepEqual(revision.spec.policies, policiesOf(spec)))
    return {
      state: 'working',
      reason: 'Pending',
      message: `ResourceComposition ${name} makes a revision with it; if that does not come, its conditions say why.`,
    };
  const service = `${resource.kind} (${resource.plural}.${resource.group})`;
  const message = `In force for ${service} from revision ${revision.metadata.name} on. ${whenOf(policy)}`;
  return { state: 'ready', reason: 'InForce', message };
};

/** Which of the fields that are set change in place, and which with the pods. */
function whenOf({ spec }: ResourcePolicy): string {
  const { quota, podconfig } = spec?.policy ?? {};
  const said = [
    ...(quota === undefined ? [] : ['quota counts at once']),
    ...(podconfig === undefined ? [] : ['podconfig counts for pods that start from then on']),
  ];
  return said.length === 0
    ? 'It sets nothing.'
    : `${said.join('; ')}.`.replace(/^./, (first) => first.toUpperCase());
}
