import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/http-client.ts';
import { loadAccess } from '../../src/client/load-access.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { ask } from '../local-programs.ts';
import { benchIo } from './bench-cluster.ts';

/**
 * Makes clients of an API server inside the local cluster `cluster`, through a port of this machine that leads to `target` (host:port). The
 * kubeconfig may name any other server.
 */
export async function innerClients(
  kubeconfig: string,
  { cluster, target }: { readonly cluster: string; readonly target: string },
  timeoutMs?: number,
): Promise<() => Client> {
  const forwarded = await ask('cluster', 'forward', '--keep', target, '--name', cluster);
  const config = kubeconfig.replace(/https:\/\/[^"\s]+/, forwarded.replace('http://', 'https://'));
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-inner-'));
  try {
    const path = join(folder, 'kubeconfig');
    writeFileSync(path, config, { mode: 0o600 });
    const access = await loadAccess({ kubeconfig: path }, nodeSurroundings(benchIo()));
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    return () => createClient(access, { clock: systemClock, userAgent: 'tenantry-proof', ...limit });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
