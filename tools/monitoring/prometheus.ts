import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../bench/wait-for.ts';

/** One time series with its newest value. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus that scrapes. */
export interface Prometheus {
  /** Throws with Prometheus' own words for a query that is none. */
  query(text: string): Promise<readonly Series[]>;
  stop(): Promise<void>;
}

/** What it scrapes, as the configuration file has it. */
export interface Target {
  readonly server: URL;
  readonly paths: readonly string[];
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** How often; the operator's figures change every 30 s. */
const SCRAPE_INTERVAL = '10s';

/**
 * Debian's Prometheus, unpacked and not installed: no service is started, no user made. Runs with these rules until it is stopped; everything
 * of it lies in one folder that goes with it.
 */
export async function startPrometheus(target: Target, rules: string): Promise<Prometheus> {
  const home = mkdtempSync(join(tmpdir(), 'tenantry-prometheus-'));
  const program = unpack(home);
  const port = await freePort();
  writeFileSync(join(home, 'rules.yaml'), rules);
  writeFileSync(join(home, 'prometheus.yml'), JSON.stringify(configuration(home, target)));
  const args = [
    `--config.file=${join(home, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(home, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const base = `http://127.0.0.1:${port}`;
  await waitFor('Prometheus is ready', 60_000, async () => {
    const answer = await fetch(`${base}/-/ready`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return {
    query: (text) => query(base, text),
    stop: async () => {
      child.kill();
      await ended;
      rmSync(home, { recursive: true });
    },
  };
}

function unpack(home: string): string {
  run('apt-get', ['-q', 'download', 'prometheus'], home);
  const archive = readdirSync(home).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get download prometheus left no archive');
  run('dpkg', ['-x', archive, 'package'], home);
  return join(home, 'package/usr/bin/prometheus');
}

function run(command: string, args: readonly string[], cwd: string): void {
  // As root, apt downloads as a user of its own, who must reach the folder.
  chmodSync(cwd, 0o755);
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

function configuration(home: string, { server, paths, ca, cert, key }: Target): object {
  const folder = join(home, 'tls');
  mkdirSync(folder);
  for (const [name, text] of Object.entries({ ca, cert, key }))
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  return {
    global: { scrape_interval: SCRAPE_INTERVAL, evaluation_interval: SCRAPE_INTERVAL },
    rule_files: [join(home, 'rules.yaml')],
    scrape_configs: paths.map((path, index) => ({
      job_name: `tenantry-${index}`,
      scheme: 'https',
      metrics_path: path,
      static_configs: [{ targets: [server.host] }],
      tls_config: {
        ca_file: join(folder, 'ca'),
        cert_file: join(folder, 'cert'),
        key_file: join(folder, 'key'),
      },
    })),
  };
}

async function query(base: string, text: string): Promise<readonly Series[]> {
  const response = await fetch(`${base}/api/v1/query?query=${encodeURIComponent(text)}`);
  // Prometheus' contract of an instant query.
  const { status, error, data } = (await response.json()) as {
    status: string;
    error?: string;
    data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  if (status !== 'success') throw new Error(`${text}: ${error ?? ''}`);
  return (data?.result ?? []).map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

/** A port of this machine that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // True of a server that listens on a port.
  await new Promise((resolve) => server.close(resolve));
  return port;
}
