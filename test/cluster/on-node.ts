import { spawn } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import type { Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fromRunner, run } from './programs.ts';

/** Process id, on this machine, of the test cluster's node. */
async function nodeProcess(): Promise<number> {
  const data = process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local/share');
  const file = join(data, 'tenantry/clusters', fromRunner('TENANTRY_CLUSTER'), 'state.json');
  // True: the cluster writes it so.
  const { init } = JSON.parse(await readFile(file, 'utf8')) as { init: { pid: number } };
  return init.pid;
}

/** Runs a shell command among the processes of the test cluster's node; answers what it prints. */
export async function onNode(command: string): Promise<string> {
  return run(`nsenter --target ${await nodeProcess()} --pid --mount --net sh`, { input: command });
}

/** A port of the node's network that leads to a server of this process. */
export interface Relay {
  readonly url: string;
  stop(): void;
}

/** Sockets in the file system know no network namespaces: what comes in on the node's loopback goes on through one. */
const RELAY = `
import { connect, createServer } from "node:net";
const socket = process.argv.at(-1);
const server = createServer((inner) => {
  const outer = connect(socket);
  for (const [from, to] of [[inner, outer], [outer, inner]])
    from.pipe(to).on("error", () => from.destroy()), from.on("error", () => to.destroy());
}).listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
`;

/** Has the server listen where processes of the node (the API server is one) can call it. */
export async function relayFromNode(server: Server): Promise<Relay> {
  const socket = join(await mkdtemp(join(tmpdir(), 'tenantry-relay-')), 'socket');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const enter = `exec nsenter --target ${await nodeProcess()} --net "$@"`;
  const relay = [process.execPath, '--input-type=module', '-e', RELAY, '--', socket];
  const child = spawn('sh', ['-c', enter, 'sh', ...relay], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => resolve(line.toString().trim()));
    child.once('exit', (code) => reject(new Error(`the relay on the node ended with ${code}`)));
    child.once('error', reject);
  });
  return { url: `https://127.0.0.1:${port}`, stop: () => void child.kill() };
}
