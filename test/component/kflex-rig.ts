import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { CONTROL_PLANE, type ControlPlane } from '../../src/api/control-plane.ts';
import { crdManifests } from '../../src/api/crds.ts';
import { isJsonObject, type JsonObject } from '../../src/api/json-schema.ts';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { NO_COLORS } from '../../src/cli/colors.ts';
import { explainError } from '../../src/cli/explain-error.ts';
import { controlPlaneCommand } from '../../src/cli/kflex/kflex-command.ts';
import type { Client } from '../../src/client/client.ts';
import { CRD, NAMESPACE, SECRET } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { AnyObject } from '../../src/kube/object.ts';
import { parseYaml } from '../../src/kube/yaml.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { silentProgress } from '../../src/lib/progress.ts';
import { eventually } from '../doubles/eventually.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

/** What a command line did. */
export interface Typed {
  readonly out: string;
  readonly err: string;
  readonly failed: boolean;
}

/** `kflex` as typed in a shell of its own, with a hosting cluster and a cluster that serves no control planes. */
export class KflexRig {
  readonly folder: string;
  readonly host: FakeApi;
  readonly other: FakeApi;
  readonly client: Client;
  /** What the person at the terminal answers; nobody is there where it is undefined. */
  answer: string | undefined;
  env: Record<string, string>;

  private constructor(folder: string, host: FakeApi, other: FakeApi) {
    this.folder = folder;
    this.host = host;
    this.other = other;
    this.client = host.client({ token: 'me' });
    this.env = { HOME: folder, KUBECONFIG: join(folder, 'config') };
  }

  static async start(): Promise<KflexRig> {
    const folder = await mkdtemp(join(tmpdir(), 'kflex-'));
    const host = await startFakeApi({
      namespaces: ['tenantry-system'],
      tokens: { me: 'me' },
      unenforced: ['CEL rules'],
    });
    const rig = new KflexRig(folder, host, await startFakeApi({ tokens: { me: 'me' } }));
    const { group, version, kind, plural } = CRD;
    const crds: Kind<AnyObject> = { group, version, kind, plural, namespaced: false };
    for (const crd of crdManifests()) await rig.client.create(crds, crd);
    await rig.write('config', rig.kubeconfig({ hub: host.url, other: rig.other.url }, 'hub'));
    return rig;
  }

  /** A kubeconfig with a context for each of these servers. */
  kubeconfig(servers: Readonly<Record<string, string>>, current: string): JsonObject {
    const names = Object.keys(servers);
    return {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': current,
      clusters: names.map((name) => ({ name, cluster: { server: servers[name] ?? '' } })),
      users: names.map((name) => ({ name, user: { token: 'me' } })),
      contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
    };
  }

  async write(file: string, content: JsonObject): Promise<void> {
    await writeFile(join(this.folder, file), JSON.stringify(content));
  }

  async read(file = 'config'): Promise<JsonObject> {
    const content = parseYaml(await readFile(join(this.folder, file), 'utf8'));
    return isJsonObject(content) ? content : {};
  }

  /** The names in one list of a kubeconfig. */
  async names(list: 'contexts' | 'clusters' | 'users', file = 'config'): Promise<readonly unknown[]> {
    const items = (await this.read(file))[list];
    return Array.isArray(items) ? items.map((item: JsonObject) => item['name']) : [];
  }

  /** Types `kflex …`. */
  async type(...words: readonly string[]): Promise<Typed> {
    let out = '';
    let err = '';
    const { answer } = this;
    const io: CliIo = {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      env: this.env,
      cwd: this.folder,
      clock: systemClock,
      colors: NO_COLORS,
      progress: silentProgress,
      signal: new AbortController().signal,
      ...(answer === undefined ? {} : { ask: () => Promise.resolve(answer) }),
    };
    const root = new Command('tenantry')
      .exitOverride()
      .configureOutput({ writeOut: io.out, writeErr: io.err });
    const settle = (parent: Command, command: Command): Command => {
      command.copyInheritedSettings(parent);
      for (const child of command.commands) settle(command, child);
      return command;
    };
    root.addCommand(settle(root, controlPlaneCommand(io)));
    try {
      await root.parseAsync(['controlplane', ...words], { from: 'user' });
      return { out, err, failed: false };
    } catch (error) {
      const { message, remedy } = explainError(error);
      return { out, err: `${err}${message}\n${remedy}\n`, failed: true };
    }
  }

  /** Has a plane become ready as its controller would, as soon as somebody creates it. */
  async becomes(name: string, server = 'https://plane.example.com'): Promise<void> {
    const find = (): ControlPlane | undefined =>
      this.host.objects(CONTROL_PLANE).find(({ metadata }) => metadata.name === name);
    const plane = await eventually(`${name} is created`, find, 20_000);
    const namespace = `${name}-system`;
    await this.client.create(NAMESPACE, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    const kubeconfig = Buffer.from(JSON.stringify(this.kubeconfig({ inner: server }, 'inner')));
    await this.client.create(SECRET, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'admin-kubeconfig', namespace },
      data: { kubeconfig: kubeconfig.toString('base64') },
    });
    const condition = (type: string, reason: string) => ({
      type,
      status: 'True' as const,
      reason,
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: plane.metadata.generation,
    });
    const secretRef = { namespace, name: 'admin-kubeconfig', key: 'kubeconfig', inClusterKey: 'in' };
    const conditions = [condition('Ready', 'Available'), condition('Synced', 'ReconcileSuccess')];
    this.host.put(CONTROL_PLANE, { ...plane, status: { conditions, secretRef } });
  }

  /** Creates a plane and waits for it, as a user would. */
  async create(name: string, ...flags: readonly string[]): Promise<Typed> {
    const [typed] = await Promise.all([this.type('create', name, ...flags), this.becomes(name)]);
    return typed;
  }

  async close(): Promise<void> {
    await this.host.close();
    await this.other.close();
    await rm(this.folder, { recursive: true });
  }
}
