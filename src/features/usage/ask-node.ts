import type { Client } from '../../client/client.ts';
import { parseSummary, type PodStats } from './pod-stats.ts';

/** Milliseconds for one kubelet; a node that is down would keep the others' figures waiting. */
const NODE_MS = 10_000;
/** Bytes of a summary: a kilobyte or two for each container, of which a large node has a thousand. */
const MAX_SUMMARY_BYTES = 16 * 1024 * 1024;

/** What the pods of a node use, as its kubelet says. Throws KubeError, and SyntaxError for what is no JSON. */
export async function askNode(
  client: Pick<Client, 'raw'>,
  node: string,
  signal?: AbortSignal,
): Promise<readonly PodStats[]> {
  const path = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary`;
  const limits = { timeoutMs: NODE_MS, maxBytes: MAX_SUMMARY_BYTES };
  const { text } = await client.raw({
    method: 'GET',
    path,
    ...limits,
    ...(signal === undefined ? {} : { signal }),
  });
  return parseSummary(text);
}
