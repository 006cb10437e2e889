import { Agent, request } from 'undici';
import type { Clock } from '../../lib/clock.ts';
import type { ReadPod } from './ask-application.ts';

/** Milliseconds for one pod, connecting included. */
const POD_MS = 3000;
/** Bytes of a page of metrics; what has more is not read to its end. */
const MAX_PAGE_BYTES = 1024 * 1024;

/**
 * Reads pages of tenants' pods: bounded in time and size, no redirects (which would lead wherever a tenant likes), and a connection for each
 * page, so that a pod holds nothing open.
 */
export function podReader(clock: Clock): ReadPod {
  return async (url, signal) => {
    const limit = new AbortController();
    const cancel = clock.after(POD_MS, () => limit.abort(new Error(`no answer within ${POD_MS / 1000} s`)));
    const agent = new Agent({ connect: { timeout: POD_MS } });
    try {
      const ending = AbortSignal.any([signal, limit.signal]);
      const { statusCode, body } = await request(url, { dispatcher: agent, signal: ending });
      if (statusCode !== 200) throw new Error(`HTTP ${statusCode}`);
      return await readText(body);
    } finally {
      cancel();
      await agent.destroy();
    }
  };
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.byteLength;
    if (size > MAX_PAGE_BYTES) throw new Error(`more than ${MAX_PAGE_BYTES / 1024} KiB`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
