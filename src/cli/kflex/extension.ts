import { isJsonObject, type JsonObject } from '../../api/json-schema.ts';
import { formatTime } from '../../kube/conditions.ts';
import type { Json } from '../../kube/object.ts';
import { changeFile, findEntry, homeOf, putEntry, type KubeFiles } from './kube-files.ts';

/** What KubeFlex keeps in a kubeconfig: texts by name. */
export type KflexData = Readonly<Record<string, string>>;

/** A change of it; undefined takes a name away. */
export type KflexChange = Readonly<Record<string, string | undefined>>;

/** Name of KubeFlex's extension, in the file and in contexts. */
const EXTENSION = 'kubeflex';
/** In the file: name of the hosting cluster's context. */
export const HOSTING_CONTEXT = 'hosting-cluster-ctx-name';
/** In a context: the control plane that it leads to. */
export const PLANE_NAME = 'controlplane-name';
/** In a context: `true` at the hosting cluster's. */
export const IS_HOSTING = 'is-hosting-cluster-ctx';
/** What KubeFlex before 0.9 called the hosting context, and the extension it kept it in. */
const OLD_HOSTING = 'kflex-initial-ctx-name';
const OLD_EXTENSION = 'kflex-config-extension-name';

/** What KubeFlex knows of all contexts; read from files of older releases as well. Undefined: it was never here. */
export function globalData(files: KubeFiles): KflexData | undefined {
  const said = files.map(({ content }) => dataOf(content, EXTENSION)).find((data) => data !== undefined);
  const old = files.map(({ content }) => dataOf(content['preferences'], OLD_EXTENSION)).find((data) => data);
  const hosting = said?.[HOSTING_CONTEXT] ?? said?.[OLD_HOSTING] ?? old?.[OLD_HOSTING];
  if (said === undefined && old === undefined) return undefined;
  const { [OLD_HOSTING]: _old, ...data } = said ?? {};
  return hosting === undefined || hosting === '' ? data : { ...data, [HOSTING_CONTEXT]: hosting };
}

/** What KubeFlex knows of one context; undefined: it is none of KubeFlex's. */
export function contextData(files: KubeFiles, context: string): KflexData | undefined {
  return dataOf(findEntry(files, 'contexts', context), EXTENSION);
}

/** With something else known of all contexts. Other tools' extensions stay; what an older release wrote is brought over. */
export function changeGlobal(files: KubeFiles, change: KflexChange, now: number): KubeFiles {
  const data = changed(globalData(files) ?? {}, change);
  const at = files.findIndex(({ content }) => dataOf(content, EXTENSION) !== undefined);
  return changeFile(withoutOld(files), at < 0 ? homeOf(files) : at, ({ content }) => ({
    extensions: withExtension(content['extensions'], data, now),
  }));
}

/** With something else known of one context, which must exist. Other tools' extensions stay. */
export function changeContext(
  files: KubeFiles,
  context: string,
  change: KflexChange,
  now: number,
): KubeFiles {
  const entry = findEntry(files, 'contexts', context) ?? {};
  const data = changed(contextData(files, context) ?? {}, change);
  const { extensions: before, ...rest } = entry;
  const isEmpty = Object.keys(data).length === 0;
  const extensions = isEmpty ? others(before) : withExtension(before, data, now);
  return putEntry(files, 'contexts', context, extensions.length === 0 ? rest : { ...rest, extensions });
}

function changed(data: KflexData, change: KflexChange): KflexData {
  const entries = Object.entries({ ...data, ...change });
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function extensionsIn(holder: Json | undefined): readonly JsonObject[] {
  const list = isJsonObject(holder) ? holder['extensions'] : undefined;
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function dataOf(holder: Json | undefined, name: string): KflexData | undefined {
  const item = extensionsIn(holder).find((one) => one['name'] === name);
  if (item === undefined) return undefined;
  const body = item['extension'];
  const data = isJsonObject(body) ? body['data'] : undefined;
  if (!isJsonObject(data)) return {};
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

/** The list with ours in its place; the form is KubeFlex's, that of a ConfigMap. */
function withExtension(list: Json | undefined, data: KflexData, now: number): readonly JsonObject[] {
  const items = extensionsIn({ extensions: list ?? [] });
  const before = items.find((item) => item['name'] === EXTENSION);
  const body = isJsonObject(before?.['extension']) ? before['extension'] : {};
  const metadata = body['metadata'] ?? { name: EXTENSION, creationTimestamp: formatTime(now) };
  const ours = { name: EXTENSION, extension: { ...body, data, metadata } };
  return before === undefined ? [...items, ours] : items.map((item) => (item === before ? ours : item));
}

function others(list: Json | undefined): readonly JsonObject[] {
  return extensionsIn({ extensions: list ?? [] }).filter((item) => item['name'] !== EXTENSION);
}

function withoutOld(files: KubeFiles): KubeFiles {
  return files.map((file) => {
    const { preferences } = file.content;
    if (!isJsonObject(preferences) || dataOf(preferences, OLD_EXTENSION) === undefined) return file;
    const extensions = extensionsIn(preferences).filter((item) => item['name'] !== OLD_EXTENSION);
    return { ...file, content: { ...file.content, preferences: { ...preferences, extensions } } };
  });
}
