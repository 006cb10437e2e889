// Holds the import direction of docs/architecture.md: a folder imports only from folders with a smaller number, features
// never import each other, packages of Node and npm are open to all. Also the size limit of a file.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { root } from './bootstrap.mjs';

const LAYERS = {
  lib: 1,
  kube: 2,
  api: 3,
  client: 4,
  pki: 4,
  runtime: 5,
  helm: 6,
  planes: 6,
  syncer: 6,
  features: 7,
  local: 7,
  console: 8,
  cli: 8,
  main: 9,
};
const MAX_LINES = 500;
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]\s*\)/g;

const source = join(root, 'src');

/** `features/x` counts as a place of its own, so that two features are strangers to each other. */
function placeOf(file) {
  const parts = relative(source, file).split(sep);
  return { layer: parts[0], place: parts[0] === 'features' ? `features/${parts[1]}` : parts[0] };
}

const files = readdirSync(source, { recursive: true })
  .map((name) => join(source, name))
  .filter((name) => name.endsWith('.ts'));
const problems = [];
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const from = placeOf(file);
  const name = relative(root, file);
  if (LAYERS[from.layer] === undefined) problems.push(`${name}: no layer is called ${from.layer}`);
  const lines = text.split('\n').length;
  if (lines > MAX_LINES)
    problems.push(`${name}: ${lines} lines, at most ${MAX_LINES}: two ideas in one file?`);
  // Tests may reach the shared test tools and any layer at or below their own.
  for (const match of text.matchAll(IMPORT)) {
    const target = resolve(dirname(file), match[1] ?? match[2]);
    if (!target.startsWith(source + sep)) {
      if (!file.endsWith('.test.ts'))
        problems.push(`${name}: imports ${match[1] ?? match[2]}, which is outside src/`);
      continue;
    }
    const to = placeOf(target);
    if (to.place === from.place) continue;
    if (LAYERS[to.layer] >= LAYERS[from.layer])
      problems.push(
        `${name} (layer ${LAYERS[from.layer]}) imports ${relative(root, target)} (layer ${LAYERS[to.layer]})`,
      );
  }
}
if (problems.length > 0) {
  process.stdout.write(`${problems.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(`${files.length} files, layers hold\n`);
