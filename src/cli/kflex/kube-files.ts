import { isJsonObject, type JsonObject } from '../../api/json-schema.ts';

/** One kubeconfig as it stands in its file, with everything in it that we know nothing of. */
export interface KubeFile {
  readonly path: string;
  readonly exists: boolean;
  readonly content: JsonObject;
}

/** The kubeconfigs that count, the one that decides first. At least one. */
export type KubeFiles = readonly KubeFile[];

/** The three lists of a kubeconfig. */
export type KubePart = 'clusters' | 'users' | 'contexts';

/** What an item of each list calls what it holds. */
const FIELD = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;

/** What a list holds under a name; of several files the first that has it decides. */
export function findEntry(files: KubeFiles, part: KubePart, name: string): JsonObject | undefined {
  const item = files.flatMap((file) => itemsOf(file, part)).find((one) => one['name'] === name);
  const entry = item?.[FIELD[part]];
  return item === undefined ? undefined : isJsonObject(entry) ? entry : {};
}

/** The names in a list, in the files' order, each once. */
export function entryNames(files: KubeFiles, part: KubePart): readonly string[] {
  const names = files.flatMap((file) => itemsOf(file, part)).map((item) => item['name']);
  return [...new Set(names.filter((name) => typeof name === 'string'))];
}

/** With an entry where it stands already, else in the file that new ones go to. Unknown fields of its item stay. */
export function putEntry(files: KubeFiles, part: KubePart, name: string, entry: JsonObject): KubeFiles {
  const at = files.findIndex((file) => itemsOf(file, part).some((item) => item['name'] === name));
  return changeFile(files, at < 0 ? homeOf(files) : at, (file) => {
    const items = itemsOf(file, part);
    const before = items.find((item) => item['name'] === name);
    const item = { ...(before ?? { name }), [FIELD[part]]: entry };
    return {
      [part]: before === undefined ? [...items, item] : items.map((one) => (one === before ? item : one)),
    };
  });
}

/** Without an entry in any of the files: one that a removed one hid would come to light. */
export function removeEntry(files: KubeFiles, part: KubePart, name: string): KubeFiles {
  return files.map((file) => {
    const kept = itemsOf(file, part).filter((item) => item['name'] !== name);
    return kept.length === itemsOf(file, part).length
      ? file
      : { ...file, content: { ...file.content, [part]: kept } };
  });
}

/** The context in use; empty: none. */
export function currentContext(files: KubeFiles): string {
  return files.map(contextIn).find((name) => name !== '') ?? '';
}

/** With another context in use, said where one is said already, as kubectl does it. Empty: none is in use. */
export function useContext(files: KubeFiles, name: string): KubeFiles {
  if (name === '') {
    return files.map((file) =>
      contextIn(file) === '' ? file : { ...file, content: { ...file.content, 'current-context': '' } },
    );
  }
  const at = files.findIndex((file) => contextIn(file) !== '');
  return changeFile(files, at < 0 ? homeOf(files) : at, () => ({ 'current-context': name }));
}

/** With some fields of one file set. */
export function changeFile(files: KubeFiles, at: number, change: (file: KubeFile) => JsonObject): KubeFiles {
  return files.map((file, i) =>
    i === at ? { ...file, content: { ...file.content, ...change(file) } } : file,
  );
}

/** Which file new things go to: the first that is there, else the last, as kubectl chooses. */
export function homeOf(files: KubeFiles): number {
  const first = files.findIndex(({ exists }) => exists);
  return first < 0 ? files.length - 1 : first;
}

function contextIn({ content }: KubeFile): string {
  const name = content['current-context'];
  return typeof name === 'string' ? name : '';
}

function itemsOf({ content }: KubeFile, part: KubePart): readonly JsonObject[] {
  const items = content[part];
  return Array.isArray(items) ? items.filter(isJsonObject) : [];
}
