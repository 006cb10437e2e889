import process from 'node:process';
import { createRouter } from '../features/controlplane/route-connections.ts';
import { systemClock } from '../lib/clock.ts';

const PORT = 9443;
/** Connections end by themselves when their clients do; what is left then is cut. Below the pod's grace period. */
const FAREWELL_MS = 20_000;

/** `tenantry router`: leads connections to planes by the name in their TLS greeting. Ends with a signal. */
export async function runRouter(): Promise<void> {
  const domain = process.env['TENANTRY_DOMAIN'] ?? '';
  if (domain === '') {
    process.stderr.write(
      'error: TENANTRY_DOMAIN is missing\n  The chart sets it by its value planes.domain.\n',
    );
    process.exitCode = 1;
    return;
  }
  const server = createRouter({ domain, clock: systemClock });
  const ended = new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.on('close', resolve);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close();
      systemClock.after(FAREWELL_MS, () => process.exit(0));
    });
  }
  server.listen(PORT);
  await ended;
}
