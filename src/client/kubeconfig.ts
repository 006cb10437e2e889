import { dirname, isAbsolute, resolve } from 'node:path';
import type { Json } from '../kube/object.ts';
import { parseYaml, YamlError } from '../kube/yaml.ts';
import { KubeconfigError } from './kubeconfig-error.ts';
import { isJsonObject } from '../api/json-schema.ts';

/** One cluster, user or context of a kubeconfig, as written. */
export type KubeconfigEntry = Readonly<Record<string, Json>>;

/** Kubeconfig files merged into one; paths in entries are absolute. */
export interface Kubeconfig {
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, KubeconfigEntry>;
  readonly users: ReadonlyMap<string, KubeconfigEntry>;
  readonly contexts: ReadonlyMap<string, KubeconfigEntry>;
}

/** Fields that are paths: relative ones count from the folder of the file they stand in. */
const PATHS = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];
const REMEDY = 'Correct the file, or name another one with KUBECONFIG or --kubeconfig.';

/** Reads one kubeconfig, YAML or JSON. `file` is its absolute path. Throws KubeconfigError. */
export function parseKubeconfig(text: string, file: string): Kubeconfig {
  const value = parse(text, file);
  if (value === null) return mergeKubeconfigs([]);
  if (!isJsonObject(value)) throw new KubeconfigError(`${file} is not a kubeconfig: it is not a map`, REMEDY);
  const kind = value['kind'];
  if (kind !== undefined && kind !== 'Config') {
    throw new KubeconfigError(`${file} is not a kubeconfig: its kind is ${JSON.stringify(kind)}`, REMEDY);
  }
  const currentContext = value['current-context'];
  return {
    currentContext: typeof currentContext === 'string' ? currentContext : '',
    clusters: entries(value, 'clusters', 'cluster', file),
    users: entries(value, 'users', 'user', file),
    contexts: entries(value, 'contexts', 'context', file),
  };
}

function parse(text: string, file: string): Json {
  try {
    return parseYaml(text);
  } catch (error) {
    if (error instanceof YamlError)
      throw new KubeconfigError(`${file}: ${error.message}`, REMEDY, { cause: error });
    throw error;
  }
}

function entries(
  config: KubeconfigEntry,
  list: 'clusters' | 'users' | 'contexts',
  field: string,
  file: string,
): Map<string, KubeconfigEntry> {
  const result = new Map<string, KubeconfigEntry>();
  const items = config[list] ?? [];
  if (!Array.isArray(items)) throw new KubeconfigError(`${file}: ${list} is not a list`, REMEDY);
  items.forEach((item: unknown, i) => {
    const name = isJsonObject(item) ? item['name'] : undefined;
    if (!isJsonObject(item) || typeof name !== 'string')
      throw new KubeconfigError(`${file}: ${list}[${i}] has no name`, REMEDY);
    const entry = item[field] ?? {};
    if (!isJsonObject(entry))
      throw new KubeconfigError(`${file}: ${list}[${i}].${field} is not a map`, REMEDY);
    if (!result.has(name)) result.set(name, withAbsolutePaths(entry, dirname(file)));
  });
  return result;
}

function withAbsolutePaths(entry: KubeconfigEntry, folder: string): KubeconfigEntry {
  const result: Record<string, Json> = { ...entry };
  for (const field of PATHS) {
    const path = result[field];
    if (typeof path === 'string' && path !== '' && !isAbsolute(path)) result[field] = resolve(folder, path);
  }
  const exec = result['exec'];
  // A plug-in named with a slash stands beside the file; without one it is looked up on PATH.
  if (isJsonObject(exec) && typeof exec['command'] === 'string' && exec['command'].includes('/')) {
    result['exec'] = { ...exec, command: resolve(folder, exec['command']) };
  }
  return result;
}

/** Merges as kubectl does: the first file that names a cluster, user, context or current context decides it. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const merge = (part: 'clusters' | 'users' | 'contexts'): Map<string, KubeconfigEntry> => {
    const result = new Map<string, KubeconfigEntry>();
    for (const config of configs) {
      for (const [name, entry] of config[part]) if (!result.has(name)) result.set(name, entry);
    }
    return result;
  };
  return {
    currentContext: configs.find((config) => config.currentContext !== '')?.currentContext ?? '',
    clusters: merge('clusters'),
    users: merge('users'),
    contexts: merge('contexts'),
  };
}
