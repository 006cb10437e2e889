import type { Client } from '../../client/client.ts';
import { POD, type Pod } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { pathOf } from '../../kube/kind.ts';

/** Bytes of one container's log that are read: what a terminal can hold, and less than what a string can. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;

/** One piece of what `kubectl applogs` prints. */
type Print = (text: string) => void;

/**
 * Prints the logs of all containers of all pods in KubePlus's form, the pods by name, of each its containers and then those that ran before
 * them. A container without a log says why between the lines, and the others follow.
 */
export async function printLogs(
  client: Pick<Client, 'list' | 'raw'>,
  namespace: string,
  print: Print,
): Promise<void> {
  const { items } = await client.list(POD, { namespace });
  const pods = [...items].sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
  for (const pod of pods) {
    for (const container of containersOf(pod)) {
      print(`======== Pod::${pod.metadata.name}/container::${container} ===========\n`);
      print(endLine(await readLog(client, pod, container)));
      print('================================================\n\n');
    }
    print('---------------------------------------\n');
  }
}

function containersOf({ spec }: Pod): readonly string[] {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ name }) => name);
}

async function readLog(client: Pick<Client, 'raw'>, pod: Pod, container: string): Promise<string> {
  const query = new URLSearchParams({ container, limitBytes: String(MAX_LOG_BYTES) });
  try {
    // The server answers one line more than the limit at most.
    const path = `${pathOf(POD, pod.metadata, 'log')}?${query}`;
    const { text } = await client.raw({ method: 'GET', path, maxBytes: 2 * MAX_LOG_BYTES });
    return text;
  } catch (error) {
    // No log yet, or none any more; Forbidden is about all of them and ends the command.
    if (!isKubeError(error, 'BadRequest', 'NotFound', 'InternalError')) throw error;
    return `(no log: ${error.message})`;
  }
}

const endLine = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
