/** What the console answers when something was refused. */
export interface Problem {
  readonly message: string;
  readonly code: string;
  readonly causes: readonly { readonly field: string; readonly message: string }[];
}

/** A refusal as a form shows it: all of it above, and at each field that it names what it says of that one. */
export interface Shown {
  readonly message: string;
  readonly byField: ReadonlyMap<string, readonly string[]>;
}

/**
 * Puts the API server's words at the fields they name: by the causes that it lists, and by what admission says line for line (`spec.size: …`).
 * What names a part of a field that has no place of its own goes to the nearest one around it. Pure.
 */
export function placeProblem(problem: Problem, names: readonly string[]): Shown {
  const known = new Set(names);
  const byField = new Map<string, readonly string[]>();
  const put = (name: string, message: string): void => {
    const place = nearest(name, known);
    if (place === undefined) return;
    const before = byField.get(place) ?? [];
    if (!before.includes(message)) byField.set(place, [...before, message]);
  };
  for (const { field, message } of problem.causes) put(inSpec(field), message);
  if (problem.causes.length === 0)
    for (const line of problem.message.split(/\n|(?<=\.) (?=spec\.)/))
      for (const [, name = ''] of line.matchAll(/\bspec\.([\w.[\]-]*[\w\]])/g)) put(name, line.trim());
  return { message: problem.message, byField };
}

/** `spec.web.port` → `web.port`; what is not of the values (`metadata.name`) keeps its name. */
const inSpec = (field: string): string => field.replace(/^spec\.?/, '');

/** `web.ports[0].name` → `web.ports` if that is the field. */
function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  for (let rest = name; rest !== ''; rest = rest.replace(/(?:^|[.[])[^.[]*$/, ''))
    if (known.has(rest)) return rest;
  return undefined;
}
