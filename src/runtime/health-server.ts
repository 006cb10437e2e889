import { createServer, type ServerResponse } from 'node:http';
import type { Clock } from '../lib/clock.ts';
import { closeServer, listen } from './listen.ts';
import type { Metrics } from './metrics.ts';

/** Answers what is wrong; empty if all is well. */
export type HealthCheck = () => readonly string[];

/** What the server needs. */
export interface HealthServerOptions {
  readonly port: number;
  readonly host?: string | undefined;
  /** What only a restart heals. */
  readonly live: HealthCheck;
  /** What passes: the kubelet sends no requests meanwhile. */
  readonly ready: HealthCheck;
  readonly metrics: Metrics;
  /** Further pages, as JSON: the answer to a path, or undefined where there is none. For other replicas; nothing secret. */
  readonly page?: (path: string) => unknown;
  readonly clock: Clock;
}

/** A running server. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves /healthz, /readyz and /metrics by plain HTTP: for the kubelet and for Prometheus, nothing secret. */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const [path = '/'] = (request.url ?? '/').split('?');
    request.resume();
    switch (path) {
      case '/healthz':
        return report(response, options.live());
      case '/readyz':
        return report(response, options.ready());
      case '/metrics':
        options.metrics.text().then(
          (text) => send(response, 200, text),
          (error: unknown) => send(response, 500, String(error)),
        );
        return undefined;
      default:
        return sendPage(response, options.page?.(path));
    }
  });
  const port = await listen(server, options.port, options.host);
  return { port, close: () => closeServer(server, options.clock.after) };
}

function sendPage(response: ServerResponse, page: unknown): void {
  if (page === undefined) return send(response, 404, 'Here are /healthz, /readyz and /metrics.\n');
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(page));
}

function report(response: ServerResponse, problems: readonly string[]): void {
  if (problems.length === 0) send(response, 200, 'ok\n');
  else send(response, 503, `${problems.join('\n')}\n`);
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(text);
}
