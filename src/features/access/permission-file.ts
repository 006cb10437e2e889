import { isMap } from '../../lib/narrow.ts';
import { withRemedy } from '../../lib/with-remedy.ts';
import { parseYaml, YamlError } from '../../kube/yaml.ts';
import { rulesOf, type Grant, type Rule } from './rules.ts';

const FORM =
  'It looks like {"perms": {"apps": [{"deployments": ["get", "list"]}]}}, in JSON or YAML; the denial of a registration prints such a file.';
const PATHS_KEY = 'non-apigroup';
const PATH_MARK = 'nonResourceURL::';
const NAME_MARK = '/resourceName::';

/** KubePlus's permission file, JSON or YAML, as rules. Throws an Error that names the place, with a remedy. */
export function readPermissionFile(text: string, file: string): readonly Rule[] {
  const fail = (what: string): Error => withRemedy(`${file}: ${what}`, FORM);
  let parsed: unknown;
  try {
    parsed = parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError) throw withRemedy(`${file}: ${error.message}`, FORM, error);
    throw error;
  }
  const perms = isMap(parsed) ? parsed['perms'] : undefined;
  if (!isMap(perms)) throw fail('perms is missing or is no map');
  const grants = Object.entries(perms).flatMap(([group, items]) => {
    if (!Array.isArray(items)) throw fail(`perms[${JSON.stringify(group)}] is not a list`);
    return items.flatMap((item: unknown, index) => {
      const at = `perms[${JSON.stringify(group)}][${index}]`;
      if (!isMap(item)) throw fail(`${at} is not a map of a resource to its verbs`);
      return Object.entries(item).map(([key, verbs]): Grant => {
        if (!isVerbs(verbs)) throw fail(`${at}[${JSON.stringify(key)}] is not a list of verbs`);
        const on = group === PATHS_KEY ? pathOf(key) : resourceOf(group, key);
        if (on === undefined) throw fail(`${at} must be named ${PATH_MARK}<path>`);
        return { on, verbs };
      });
    });
  });
  if (grants.length === 0) throw fail('perms grants nothing');
  return rulesOf(grants);
}

function isVerbs(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((verb) => typeof verb === 'string');
}

function pathOf(key: string): Grant['on'] | undefined {
  return key.startsWith(PATH_MARK) ? { path: key.slice(PATH_MARK.length) } : undefined;
}

function resourceOf(group: string, key: string): Grant['on'] {
  const [resource = '', name] = key.split(NAME_MARK);
  // No group is called so, and people write it for the one without a name.
  const apiGroup = group === 'core' ? '' : group;
  return name === undefined ? { group: apiGroup, resource } : { group: apiGroup, resource, name };
}

/** What is never granted by a file, whoever asks: to be somebody else. */
export function requireNoImpersonation(rules: readonly Rule[], file: string): void {
  const bad = rules.find(
    ({ verbs, resources }) =>
      verbs.includes('impersonate') &&
      (resources ?? []).some((resource) => ['users', 'groups', 'uids', '*'].includes(resource)),
  );
  if (bad === undefined) return;
  throw withRemedy(
    `${file}: impersonate on ${(bad.resources ?? []).join(', ')} would make the account an administrator`,
    'Leave it out of the file: neither providers nor consumers get to act as users or groups.',
  );
}
