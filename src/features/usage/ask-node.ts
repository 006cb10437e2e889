import type { Client } from '../../client/client.ts';
import { parseSummary, type PodStats } from './pod-stats.ts';

/** Milliseconds for one kubelet; a node that is down would keep the others' figures waiting. */
const NODE_MS = 10_000;
/** Bytes of a summary: a kilobyte or two for each container, of which a large node has a thousand. */
const MAX_SUMMARY_BYTES = 16 * 1024 * 1024;

/** What a kubelet says of its pods. */
const SUMMARY = '/stats/summary';

/** What the pods of a node use, through the API server: for who may `get` nodes/proxy. Throws KubeError, and SyntaxError for what is no JSON. */
export function askNode(client: Pick<Client, 'raw'>, node: string): Promise<readonly PodStats[]> {
  return readSummary(client, `/api/v1/nodes/${encodeURIComponent(node)}/proxy${SUMMARY}`);
}

/** The same of the kubelet itself: for who may `get` nodes/stats. The client is one of the kubelet's. */
export function askKubelet(kubelet: Pick<Client, 'raw'>, signal: AbortSignal): Promise<readonly PodStats[]> {
  return readSummary(kubelet, SUMMARY, signal);
}

async function readSummary(
  client: Pick<Client, 'raw'>,
  path: string,
  signal?: AbortSignal,
): Promise<readonly PodStats[]> {
  const limits = { timeoutMs: NODE_MS, maxBytes: MAX_SUMMARY_BYTES };
  const { text } = await client.raw({ method: 'GET', path, ...limits, signal });
  return parseSummary(text);
}
