import type { Control } from '../control.ts';

/** What comes in an archive or in values, and what reading it may cost. */
export const ARCHIVES: readonly Control[] = [
  {
    attack: 'text of tenants in arguments of programs',
    file: 'src/main/operator.ts',
    find: "import { systemClock } from '../lib/clock.ts';",
    replace: "import 'node:child_process';\nimport { systemClock } from '../lib/clock.ts';",
    test: { file: 'test/unit/no-programs.test.ts', name: 'reaches nothing that could start one' },
  },
  {
    attack: 'YAML in values that ends a document',
    file: 'src/features/instance/scope.ts',
    find: '  return kind.namespaced ? namespacedFinding(one, kind, context) : clusterFinding(one, kind, context);',
    replace: '  return kind.namespaced ? namespacedFinding(one, kind, context) : undefined;',
    test: {
      file: 'test/component/helm-engine-attacks.test.ts',
      name: 'stay what they are in quotes, and without them meet the scope check',
    },
  },
  {
    attack: 'paths that leave the chart',
    file: 'src/helm/archive.ts',
    find: "    parts.includes('..') ||\n",
    replace: '',
    test: { file: 'src/helm/archive.test.ts', name: 'a path that goes up' },
  },
  {
    attack: 'links and devices in archives',
    file: 'src/helm/archive.ts',
    find: "  if (entry.type === 'link' || entry.type === 'device' || entry.type === 'unknown')",
    replace: "  if (entry.type === 'device' || entry.type === 'unknown')",
    test: { file: 'src/helm/archive.test.ts', name: 'a symbolic link' },
  },
  {
    attack: 'entries that differ by case only',
    file: 'src/helm/archive.ts',
    find: "path.normalize('NFC').toLowerCase()",
    replace: "path.normalize('NFC')",
    test: { file: 'src/helm/archive.test.ts', name: 'names that differ by case only' },
  },
  {
    attack: 'a decompression bomb',
    file: 'src/helm/archive.ts',
    find: '  if (size > RATIO_FROM && size > limits.ratio * Math.max(1, gunzip.bytesWritten))',
    replace: '  if (size > limits.unpacked * limits.ratio * Math.max(1, gunzip.bytesWritten))',
    test: { file: 'src/helm/archive.test.ts', name: 'refuses a decompression bomb before it is unpacked' },
  },
  {
    attack: 'YAML aliases that multiply',
    file: 'src/helm/archive.ts',
    find: '    if (expandedYamlSize(new TextDecoder().decode(data)) > MAX_YAML_NODES)',
    replace: "    if (expandedYamlSize('') > MAX_YAML_NODES)",
    test: { file: 'src/helm/archive.test.ts', name: 'aliases that multiply in values' },
  },
  {
    attack: 'a document made to be parsed for long',
    file: 'src/kube/yaml.ts',
    find: '    if (lexemes > MAX_LEXEMES)',
    replace: '    if (lexemes < 0)',
    test: { file: 'src/kube/yaml.test.ts', name: 'gives up on a document that was made to take long' },
  },
  {
    attack: 'a schema whose references double',
    file: 'src/helm/relax-schema.ts',
    find: 'const MAX_NODES = 5000;',
    replace: 'const MAX_NODES = 2_000_000;',
    test: { file: 'src/helm/schema-bombs.test.ts', name: 'is compiled soon and small: %s' },
  },
  {
    attack: 'a pattern or rule that takes for ever',
    file: 'src/features/instance/validate-values.ts',
    find: 'const CHECK_MS = 500;',
    replace: 'const CHECK_MS = 8000;',
    test: {
      file: 'src/features/instance/validate-values.test.ts',
      name: 'leaves %s without end to Helm, and soon',
    },
  },
  {
    attack: 'a template that loops',
    file: 'src/helm/helm-worker.ts',
    find: 'if (computed >= limits.renderMs)',
    replace: 'if (computed >= limits.renderMs * 100)',
    test: {
      file: 'test/component/helm-engine.test.ts',
      name: 'ends a template that loops, while others go on, and renders again afterwards',
    },
  },
  {
    attack: 'a template that fills the memory',
    file: 'src/helm/wasm-memory.ts',
    find: 'const pages = Math.floor(bytes / WASM_PAGE);',
    replace: 'const pages = WASM_PAGE;',
    test: { file: 'src/helm/wasm-memory.test.ts', name: 'bounds the growth of the memory of a module' },
  },
];
