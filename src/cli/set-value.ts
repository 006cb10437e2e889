import { isJsonMap, type Json } from '../kube/object.ts';
import { parseYaml } from '../kube/yaml.ts';
import { WrongOption } from '../lib/wrong-option.ts';

type Values = Readonly<Record<string, Json>>;

/**
 * Sets one value by `a.b.c=value`, as `helm --set` does for maps; the value is read as YAML (`2` is a number, `"2"` a string). Answers
 * new values; the ones given stay as they are.
 */
export function setValue(values: Values, assignment: string): Values {
  const equals = assignment.indexOf('=');
  const path = assignment.slice(0, Math.max(equals, 0)).split('.');
  if (equals < 1 || path.some((part) => part === ''))
    throw new WrongOption(
      `--set is "${assignment}", which is not path=value`,
      'Write for instance --set image.tag=0.1.0.',
    );
  return setAt(values, path, parseYaml(assignment.slice(equals + 1)));
}

function setAt(values: Values, [first = '', ...rest]: readonly string[], value: Json): Values {
  if (rest.length === 0) return { ...values, [first]: value };
  const below = values[first];
  return { ...values, [first]: setAt(isJsonMap(below) ? below : {}, rest, value) };
}
