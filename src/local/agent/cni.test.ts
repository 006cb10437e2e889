import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../runtime/log.ts';
import { serveCni, type SandboxHandler } from './cni-endpoint.ts';
import { installPolicyPlugin, policyPluginScript } from './cni-plugin.ts';
import { parseCniRequest, type CniRequest } from './cni-request.ts';

const CONFIGURATION = JSON.stringify({
  cniVersion: '0.4.0',
  name: 'podnet',
  type: 'tenantry-policy',
  prevResult: {
    cniVersion: '0.4.0',
    ips: [
      { version: '4', address: '10.244.0.7/24', gateway: '10.244.0.1' },
      { version: '6', address: 'fd00::7/64' },
    ],
  },
});
const ARGS =
  'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;K8S_POD_UID=u1;K8S_POD_INFRA_CONTAINER_ID=c1';

describe('parseCniRequest', () => {
  it('reads pod, sandbox and addresses', () => {
    expect(parseCniRequest(`ADD\nc1\n${ARGS}\n${CONFIGURATION}`)).toMatchObject({
      command: 'ADD',
      sandbox: 'c1',
      namespace: 'shop',
      name: 'web',
      podUid: 'u1',
      addresses: ['10.244.0.7', 'fd00:0:0:0:0:0:0:7'],
    });
  });

  it('reads a DEL without a configuration', () => {
    expect(parseCniRequest('DEL\nc1\n\n')).toMatchObject({
      command: 'DEL',
      sandbox: 'c1',
      addresses: [],
      podUid: undefined,
    });
  });

  it('refuses what is no configuration', () => {
    expect(() => parseCniRequest('ADD\nc1\n\n[]')).toThrow('not a JSON object');
  });
});

describe('policyPluginScript', () => {
  it.each(['/run/x y.sock', '/run/$(id).sock', `/${'x'.repeat(107)}`, ''])('refuses the path %j', (path) => {
    expect(() => policyPluginScript(path)).toThrow('socketPath');
  });
});

describe('the plug-in and the endpoint together', () => {
  let folder: string;
  let seen: CniRequest[];
  let refusal: string | undefined;
  let ending: AbortController;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cni-'));
    seen = [];
    refusal = undefined;
    ending = new AbortController();
    await installPolicyPlugin({ directory: folder, socketPath: join(folder, 's') });
  });
  afterEach(() => {
    ending.abort();
    return rm(folder, { recursive: true });
  });

  const handler: SandboxHandler = {
    added: (request) => {
      seen.push(request);
      return refusal === undefined ? Promise.resolve() : Promise.reject(new Error(refusal));
    },
    removed: (request) => {
      seen.push(request);
      return refusal === undefined ? Promise.resolve() : Promise.reject(new Error(refusal));
    },
  };
  const serve = (): Promise<unknown> =>
    serveCni({ path: join(folder, 's'), handler, log: silentLog, signal: ending.signal });

  /** Runs the plug-in as a container runtime does. */
  function plugin(command: string): Promise<{ readonly code: number; readonly answer: unknown }> {
    return new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], CNI_COMMAND: command, CNI_CONTAINERID: 'c1', CNI_ARGS: ARGS };
      const done = (error: ExecFileException | null, stdout: string): void =>
        resolve({ code: Number(error?.code ?? 0), answer: stdout === '' ? '' : JSON.parse(stdout) });
      const child = execFile(join(folder, 'tenantry-policy'), { env }, done);
      child.stdin?.end(CONFIGURATION);
    });
  }

  it('hands on the result of the plug-ins before it when the rules are in force', async () => {
    await serve();

    const { code, answer } = await plugin('ADD');

    expect(code).toBe(0);
    expect(answer).toMatchObject({ cniVersion: '0.4.0', ips: [{ address: '10.244.0.7/24' }, {}] });
    expect(seen.map((request) => request.addresses)).toEqual([['10.244.0.7', 'fd00:0:0:0:0:0:0:7']]);
  });

  it('holds the pod and says why when they are not', async () => {
    await serve();
    refusal = 'nft refused the "rules"';

    expect(await plugin('ADD')).toEqual({
      code: 1,
      answer: { cniVersion: '0.4.0', code: 11, msg: 'nft refused the "rules"' },
    });
  });

  it('holds the pod when there is no agent', async () => {
    const { code, answer } = await plugin('ADD');

    expect(code).toBe(1);
    expect(answer).toMatchObject({ code: 11 });
  });

  it('never fails to take down', async () => {
    expect(await plugin('DEL')).toEqual({ code: 0, answer: '' });
    await serve();
    expect(await plugin('DEL')).toEqual({ code: 0, answer: '' });
    refusal = 'no';
    expect(await plugin('DEL')).toEqual({ code: 0, answer: '' });
    expect(seen.map((request) => request.sandbox)).toEqual(['c1', 'c1']);
  });

  it('tells its versions without an agent', async () => {
    expect(await plugin('VERSION')).toMatchObject({
      code: 0,
      answer: { supportedVersions: ['0.3.1', '0.4.0', '1.0.0'] },
    });
  });

  it('takes the place of an agent that left its socket behind', async () => {
    await serve();
    await serve();

    expect((await plugin('ADD')).code).toBe(0);
  });
});
