import { RESOURCE_POLICY, type ResourcePolicy } from '../../api/resource-policy.ts';
import { companionController, inForce, invalid, type JudgeCompanion } from './companion.ts';
import type { ServiceSettings } from './dependencies.ts';
import { withPolicy } from './laid-over.ts';

/** Tells of each ResourcePolicy whether it is in force; what it changes is done by the controller of services. */
export const policyController = (
  settings: Pick<ServiceSettings, 'operatorNamespace'>,
): ReturnType<typeof companionController<ResourcePolicy>> =>
  companionController(RESOURCE_POLICY, settings, judgePolicy);

const judgePolicy: JudgeCompanion<ResourcePolicy> = (policy, service) => {
  const { findings } = withPolicy(service.composition.spec, policy);
  return findings.length > 0 ? invalid(findings, service) : inForce(service, whenOf(policy));
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
