import type { Client } from '../client/client.ts';
import { POD } from '../kube/builtin-kinds.ts';
import { pathOf } from '../kube/kind.ts';

/** Bytes and lines of a log that a page shows: the end of it, which says what is the matter now. */
const MAX_LOG_BYTES = 512 * 1024;
const MAX_LINES = 500;

/** The end of a container's log. */
export async function logOf(
  client: Pick<Client, 'raw'>,
  asked: {
    readonly namespace: string;
    readonly pod: string;
    readonly container: string;
    readonly previous: boolean;
  },
): Promise<string> {
  const query = new URLSearchParams({
    container: asked.container,
    tailLines: String(MAX_LINES),
    limitBytes: String(MAX_LOG_BYTES),
    ...(asked.previous ? { previous: 'true' } : {}),
  });
  const path = `${pathOf(POD, { namespace: asked.namespace, name: asked.pod }, 'log')}?${query}`;
  // The server answers one line more than the limit at most.
  const { text } = await client.raw({ method: 'GET', path, maxBytes: 4 * MAX_LOG_BYTES });
  return text;
}
