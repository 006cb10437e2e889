import { hasCelRules } from './definitions.ts';
import type { JsonMap } from './json.ts';
import type { Resource } from './resources.ts';
import { notImplemented } from './status-error.ts';
import { checkWebhooks } from './webhook-hooks.ts';

/** Kinds whose objects bind the API server itself. The fake stores them and does nothing of what they say. */
const BINDING = [
  'ResourceQuota',
  'LimitRange',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
] as const;

/** These it asks as they say, as far as it can. */
const HEEDED: readonly (typeof BINDING)[number][] = [
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
];

/** What a test may store although nobody here heeds it; each has to be named, so that no test believes in it unawares. */
export type Unenforced = (typeof BINDING)[number] | 'CEL rules';

/** Refuses an object that would bind a real server, unless the test said that it knows better. */
export function checkBinding(resource: Resource, body: JsonMap, unenforced: readonly Unenforced[]): void {
  if (resource.crd !== undefined) return;
  const binding = BINDING.find((kind) => kind === resource.kind);
  if (binding !== undefined && HEEDED.includes(binding) && !unenforced.includes(binding))
    return checkWebhooks(binding, body);
  if (binding !== undefined && !unenforced.includes(binding))
    throw notImplemented(`heeding a ${binding}; to store it all the same name it in \`unenforced\``);
  const rules = resource.kind === 'CustomResourceDefinition' && hasCelRules(body['spec']);
  if (rules && !unenforced.includes('CEL rules'))
    throw notImplemented(
      "CEL rules of a definition; to store them all the same name 'CEL rules' in `unenforced`",
    );
}
