import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  NAMESPACE,
  NETWORK_POLICY,
  POD,
  PV,
  PVC,
  SERVICE,
  STORAGE_CLASS,
  type Pod,
} from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { runAgent } from '../../src/local/agent/agent.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';

const CLAIM_UID = '0b5f6a1e-1111-4222-8333-944445555666';
const VOLUME = `pvc-${CLAIM_UID}`;

let api: FakeApi;
let folder: string;
let scripts: string[];
let ending: AbortController;
let agent: Promise<void>;

const pod = (name: string, ips: readonly string[]): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, labels: { app: name } },
  spec: { nodeName: 'n1', containers: [{ name: 'c' }] },
  status: { phase: ips.length === 0 ? 'Pending' : 'Running', podIPs: ips.map((ip) => ({ ip })) },
});

beforeEach(async () => {
  api = await startFakeApi();
  folder = await mkdtemp(join(tmpdir(), 'local-agent-'));
  scripts = [];
  ending = new AbortController();
  api.put(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  api.put(POD, pod('web', ['10.244.0.5', 'fd00::5']));
  api.put(NETWORK_POLICY, {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'closed', namespace: 'shop' },
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
  });
  agent = runAgent({
    client: api.client(),
    clock: systemClock,
    log: silentLog,
    nodeName: 'n1',
    nft: (script) => {
      scripts.push(script);
      return Promise.resolve();
    },
    storageRoot: join(folder, 'volumes'),
    loadBalancerRanges: ['10.89.0.200-10.89.0.201'],
    policySocket: join(folder, 's'),
    signal: ending.signal,
  });
});

afterEach(async () => {
  ending.abort();
  await agent;
  await api.close();
  await rm(folder, { recursive: true });
});

/** What the CNI plug-in does for a new sandbox. */
function sandbox(command: string, name: string, address: string): Promise<string> {
  const configuration = JSON.stringify({ prevResult: { ips: [{ address: `${address}/24` }] } });
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(join(folder, 's'));
    socket.on('error', reject);
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    socket.on('end', () => resolve(answer));
    const args = `K8S_POD_NAMESPACE=shop;K8S_POD_NAME=${name};K8S_POD_UID=uid-${name}`;
    socket.end(`${command}\nc-${name}\n${args}\n${configuration}`);
  });
}

const listening = (): Promise<unknown> => vi.waitFor(() => stat(join(folder, 's')), { timeout: 5_000 });

describe('the agent', () => {
  it('puts what exists in force in one replacement, and then follows changes', async () => {
    await listening();
    expect(scripts).toHaveLength(1);
    expect(scripts[0]).toMatch(/10\.244\.0\.5 : jump ingress_.*\n.*fd00:0:0:0:0:0:0:5 : jump ingress_/);

    await api.client().delete(NETWORK_POLICY, { namespace: 'shop', name: 'closed' });

    await vi.waitFor(() =>
      expect(scripts[1]).toContain('delete element inet tenantry ingress_v4 { 10.244.0.5'),
    );
  });

  it('has rules for a new pod in force before its sandbox passes', async () => {
    await listening();
    api.put(POD, pod('db', []));

    const answer = await sandbox('ADD', 'db', '10.244.0.9');

    expect(answer).toBe('ok{"ips":[{"address":"10.244.0.9/24"}]}');
    expect(scripts.at(-1)).toContain('add element inet tenantry ingress_v4 { 10.244.0.9 : jump');
    await sandbox('DEL', 'db', '10.244.0.9');
    await vi.waitFor(() =>
      expect(scripts.at(-1)).toContain('delete element inet tenantry ingress_v4 { 10.244.0.9'),
    );
  });

  it('gives Services different addresses, also when they come together', async () => {
    await Promise.all(
      ['a', 'b'].map((name) =>
        api.client().create(SERVICE, {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name, namespace: 'shop' },
          spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
        }),
      ),
    );

    await vi.waitFor(() => {
      const given = api.objects(SERVICE).flatMap(({ status }) => status?.loadBalancer?.ingress ?? []);
      expect(given.map(({ ip }) => ip).sort()).toEqual(['10.89.0.200', '10.89.0.201']);
    });
  });

  it('makes a volume for a claim and removes it with its folder when it is given back', async () => {
    const path = join(folder, 'volumes', VOLUME);
    api.put(STORAGE_CLASS, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'standard' },
      provisioner: 'tenantry.dev/local',
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    });
    api.put(PVC, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: 'data',
        namespace: 'shop',
        uid: CLAIM_UID,
        annotations: { 'volume.kubernetes.io/selected-node': 'n1' },
      },
      spec: { storageClassName: 'standard', resources: { requests: { storage: '1Gi' } } },
    });
    await vi.waitFor(() => expect(api.objects(PV).map(({ metadata }) => metadata.name)).toEqual([VOLUME]));
    expect((await stat(path)).mode & 0o777).toBe(0o777);

    // What Kubernetes' volume controller does when the claim is gone.
    await api
      .client()
      .patch(
        PV,
        { name: VOLUME },
        { type: 'merge', body: { status: { phase: 'Released' } } },
        { subresource: 'status' },
      );

    await vi.waitFor(() => expect(api.objects(PV)).toEqual([]));
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });
});
