import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { controlPlaneCrd } from '../../src/api/control-plane.ts';
import { isJsonObject, type JsonObject } from '../../src/api/json-schema.ts';
import { VIRTUAL_CLUSTER, virtualClusterCrd, type VirtualCluster } from '../../src/api/virtual-cluster.ts';
import { CommandEnd, type CliIo } from '../../src/cli/cli-io.ts';
import { NO_COLORS } from '../../src/cli/colors.ts';
import { explainError } from '../../src/cli/explain-error.ts';
import { vclusterCommand } from '../../src/cli/vcluster/vcluster-command.ts';
import type { Client } from '../../src/client/client.ts';
import { CRD, SECRET } from '../../src/kube/builtin-kinds.ts';
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
  /** As the program ends. */
  readonly code: number;
}

const PATIENCE_MS = 20_000;

/** `vcluster` as typed in a shell of its own, with a host cluster; nobody plays the tenant's API server. */
export class VclusterRig {
  readonly folder: string;
  readonly host: FakeApi;
  readonly client: Client;
  env: Record<string, string>;

  private constructor(folder: string, host: FakeApi) {
    this.folder = folder;
    this.host = host;
    this.client = host.client({ token: 'me' });
    const { PATH = '' } = process.env;
    this.env = { HOME: folder, PATH, KUBECONFIG: join(folder, 'config') };
  }

  static async start(): Promise<VclusterRig> {
    const folder = await mkdtemp(join(tmpdir(), 'vcluster-'));
    const host = await startFakeApi({
      namespaces: ['team'],
      tokens: { me: 'me' },
      unenforced: ['CEL rules', 'ResourceQuota', 'LimitRange'],
    });
    const rig = new VclusterRig(folder, host);
    const { group, version, kind, plural } = CRD;
    const crds: Kind<AnyObject> = { group, version, kind, plural, namespaced: false };
    for (const crd of [virtualClusterCrd(), controlPlaneCrd()]) await rig.client.create(crds, crd);
    await writeFile(join(folder, 'config'), JSON.stringify(kubeconfigOf('hub', host.url, 'me')));
    return rig;
  }

  async read(file = 'config'): Promise<JsonObject> {
    const content = parseYaml(await readFile(join(this.folder, file), 'utf8'));
    return isJsonObject(content) ? content : {};
  }

  async currentContext(): Promise<unknown> {
    return (await this.read())['current-context'];
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.folder, file), text);
  }

  /** The virtual clusters that there are. */
  get clusters(): readonly VirtualCluster[] {
    return this.host.objects(VIRTUAL_CLUSTER);
  }

  /** Types `vcluster …`. */
  async type(...words: readonly string[]): Promise<Typed> {
    let out = '';
    let err = '';
    const io: CliIo = {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      env: this.env,
      cwd: this.folder,
      clock: systemClock,
      colors: NO_COLORS,
      progress: silentProgress,
      signal: new AbortController().signal,
    };
    const root = new Command('tenantry')
      .exitOverride()
      .configureOutput({ writeOut: io.out, writeErr: io.err });
    const settle = (parent: Command, command: Command): Command => {
      command.copyInheritedSettings(parent);
      for (const child of command.commands) settle(command, child);
      return command;
    };
    root.addCommand(settle(root, vclusterCommand(io)));
    try {
      await root.parseAsync(['vcluster', ...words], { from: 'user' });
      return { out, err, code: 0 };
    } catch (error) {
      if (error instanceof CommandEnd) return { out, err, code: error.code };
      const { message, remedy } = explainError(error);
      return { out, err: `${err}${message}\n${remedy}\n`, code: 1 };
    }
  }

  /** Has a virtual cluster become what its spec asks for, as its controller would, once it is there and does so. */
  async becomes(name: string, reason: 'Ready' | 'Paused' = 'Ready'): Promise<void> {
    const find = (): VirtualCluster | undefined =>
      this.clusters.find(
        ({ metadata, spec, status }) =>
          metadata.name === name &&
          (spec?.paused === true) === (reason === 'Paused') &&
          status?.conditions?.[0]?.observedGeneration !== metadata.generation,
      );
    const cluster = await eventually(`${name} asks to be ${reason}`, find, PATIENCE_MS);
    const { namespace = '', generation } = cluster.metadata;
    const config = JSON.stringify(kubeconfigOf('inner', 'https://localhost:8443', 'tenant'));
    await this.client.apply(SECRET, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `vc-${name}`, namespace },
      data: { config: Buffer.from(config).toString('base64') },
    });
    const ready = {
      type: 'Ready',
      status: reason === 'Ready' ? ('True' as const) : ('False' as const),
      reason,
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: generation,
    };
    this.host.put(VIRTUAL_CLUSTER, { ...cluster, status: { conditions: [ready] } });
  }

  /** Creates a virtual cluster in namespace `team`, and is not connected to it. */
  async create(name: string, ...flags: readonly string[]): Promise<Typed> {
    const words = ['create', name, '-n', 'team', '--connect=false', ...flags];
    const [typed] = await Promise.all([this.type(...words), this.becomes(name)]);
    return typed;
  }

  async close(): Promise<void> {
    await this.host.close();
    await rm(this.folder, { recursive: true });
  }
}

function kubeconfigOf(name: string, server: string, token: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
}
