import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { fixedCredential, type ClusterAccess } from '../../src/client/access.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/http-client.ts';
import { systemClock } from '../../src/lib/clock.ts';
import {
  createAuthority,
  issue,
  newSigningKey,
  type CertificateRequest,
  type KeyPair,
} from '../../src/pki/certificate.ts';
import { kubeconfigText } from '../../src/pki/kubeconfig.ts';
import { eventually } from '../doubles/eventually.ts';
import { REPOSITORY } from './programs.ts';

/** Milliseconds an API server may take on a machine that does other things, too. */
const READY_MS = 90_000;

/** Programs of Kubernetes as processes of this machine, and where their files are. */
export class ApiProcesses {
  readonly folder = mkdtempSync(join(tmpdir(), 'tenantry-api-'));
  readonly #children: ChildProcess[] = [];
  readonly #clients: Client[] = [];
  authority: KeyPair = { cert: '', key: '' };

  static async start(): Promise<ApiProcesses> {
    const processes = new ApiProcesses();
    processes.authority = await createAuthority({ commonName: 'test', notBefore: Date.now(), days: 1 });
    return processes;
  }

  /** A certificate of the one authority of this test. */
  certificate(request: Omit<CertificateRequest, 'notBefore' | 'days'>): Promise<KeyPair> {
    return issue(this.authority, { ...request, notBefore: Date.now(), days: 1 });
  }

  file(name: string, text: string): string {
    const path = join(this.folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  async #pair(
    name: string,
    request: Omit<CertificateRequest, 'notBefore' | 'days'>,
  ): Promise<[string, string]> {
    const { cert, key } = await this.certificate(request);
    return [this.file(`${name}.crt`, cert), this.file(`${name}.key`, key)];
  }

  /** Starts an etcd; answers its URL. */
  async etcd(): Promise<string> {
    const [client, peer] = [await freePort(), await freePort()];
    const url = `http://127.0.0.1:${client}`;
    await this.#run('etcd', 'etcd', [
      `--data-dir=${join(this.folder, 'etcd')}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=http://127.0.0.1:${peer}`,
      '--unsafe-no-fsync',
      '--log-level=error',
    ]);
    return url;
  }

  /** Starts an API server; answers how its administrator reaches it. It may take a while to be ready: see `ready`. */
  async apiServer(name: string, etcd: string, args: readonly string[]): Promise<ClusterAccess> {
    const port = await freePort();
    const [cert, key] = await this.#pair(name, {
      commonName: name,
      ipAddresses: ['127.0.0.1', '10.96.0.1'],
      dnsNames: ['localhost'],
      usages: ['server'],
    });
    const [kubeletCert, kubeletKey] = await this.#pair(`${name}-kubelet-client`, {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['client'],
    });
    const ca = this.file('ca.crt', this.authority.cert);
    const signing = newSigningKey();
    await this.#run(name, 'kube-apiserver', [
      `--etcd-servers=${etcd}`,
      `--etcd-prefix=/${name}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=10.96.0.0/16',
      `--tls-cert-file=${cert}`,
      `--tls-private-key-file=${key}`,
      `--client-ca-file=${ca}`,
      `--kubelet-certificate-authority=${ca}`,
      `--kubelet-client-certificate=${kubeletCert}`,
      `--kubelet-client-key=${kubeletKey}`,
      '--kubelet-preferred-address-types=InternalIP,Hostname',
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${this.file(`${name}-sa.key`, signing.key)}`,
      `--service-account-key-file=${this.file(`${name}-sa.pub`, signing.publicKey)}`,
      '--profiling=false',
      ...args,
    ]);
    const admin = await this.certificate({
      commonName: 'admin',
      organizations: ['system:masters'],
      usages: ['client'],
    });
    return {
      server: `https://127.0.0.1:${port}`,
      ca: this.authority.cert,
      credentials: fixedCredential({ certificate: admin }),
      namespace: 'default',
    };
  }

  /** A kubeconfig of the administrator; answers its path. */
  async kubeconfig(name: string, access: ClusterAccess): Promise<string> {
    const { certificate } = await access.credentials.current();
    if (certificate === undefined) throw new Error(`${name}: no certificate`);
    const text = kubeconfigText({ server: access.server, ca: this.authority.cert, user: certificate });
    return this.file(`${name}.kubeconfig`, text);
  }

  /** Starts the controllers of a cluster whose nodes are somebody else's. */
  async controllerManager(name: string, access: ClusterAccess): Promise<void> {
    const file = await this.kubeconfig(`${name}-controllers`, access);
    await this.#run(`${name}-controllers`, 'kube-controller-manager', [
      `--kubeconfig=${file}`,
      `--authentication-kubeconfig=${file}`,
      `--authorization-kubeconfig=${file}`,
      `--root-ca-file=${join(this.folder, 'ca.crt')}`,
      `--service-account-private-key-file=${join(this.folder, `${name}-sa.key`)}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${await freePort()}`,
      '--controllers=*,-nodelifecycle,-nodeipam,-persistentvolume-binder-controller,-persistentvolume-attach-detach-controller',
    ]);
  }

  client(access: ClusterAccess): Client {
    const client = createClient(access, { clock: systemClock });
    this.#clients.push(client);
    return client;
  }

  /** Resolves when the server has everything it makes at its start. */
  async ready(access: ClusterAccess): Promise<Client> {
    const client = this.client(access);
    const isReady = (): Promise<boolean> =>
      client.raw({ method: 'GET', path: '/readyz', timeoutMs: 5_000 }).then(
        () => true,
        () => this.#alive(),
      );
    await eventually(`${access.server} is ready`, isReady, READY_MS);
    return client;
  }

  /** False, or an error where a program has ended. */
  #alive(): false {
    const dead = this.#children.find(({ exitCode }) => exitCode !== null);
    if (dead !== undefined) throw new Error(`a program ended: ${dead.spawnargs.join(' ')}`);
    return false;
  }

  async #run(name: string, tool: string, args: readonly string[]): Promise<void> {
    const program = join(REPOSITORY, 'dist/tenantry.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [program, 'tool', tool]);
    const log = createWriteStream(join(this.folder, `${name}.log`));
    const child = spawn(stdout.trim(), [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#children.push(child);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    // The API servers before the store, as they came: a store that is gone makes them wait.
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // true: it listens on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}
