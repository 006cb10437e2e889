import { describe, expect, it } from 'vitest';
import { surroundings } from '../../test/builders/surroundings.ts';
import { execCredential, readExecPlugin } from './exec-credential.ts';
import type { ExecResult } from './surroundings.ts';

const API = 'client.authentication.k8s.io/v1';
const printed = (status: object, apiVersion = API): ExecResult => ({
  code: 0,
  stdout: JSON.stringify({ apiVersion, kind: 'ExecCredential', status }),
  stderr: '',
});
const plugin = (extra = {}) =>
  readExecPlugin({ apiVersion: API, command: 'login', args: ['-x'], ...extra }, 'u', { server: 'https://a' });

describe('execCredential', () => {
  it('renews shortly before the end, and runs once for many calls', async () => {
    let runs = 0;
    const around = surroundings({
      run: () => {
        runs += 1;
        return printed({
          token: `t${runs}`,
          expirationTimestamp: new Date(around.clock.now() + 600_000).toISOString(),
        });
      },
    });
    const source = execCredential(plugin(), around);

    const [first] = await Promise.all([source.current(), source.current()]);
    await around.clock.advance(569_000);
    const second = await source.current();
    await around.clock.advance(1_000);
    const third = await source.current();

    expect([first.token, second.token, third.token]).toEqual(['t1', 't1', 't2']);
  });

  it('tells the plug-in what is asked, with its own environment', async () => {
    const around = surroundings({ env: { PATH: '/bin' }, run: () => printed({ token: 't' }) });
    const source = execCredential(
      plugin({ env: [{ name: 'A', value: 'b' }], provideClusterInfo: true }),
      around,
    );

    await source.current();

    const [command] = around.commands;
    expect(command).toMatchObject({ command: 'login', args: ['-x'], env: { PATH: '/bin', A: 'b' } });
    expect(JSON.parse(command?.env['KUBERNETES_EXEC_INFO'] ?? '')).toEqual({
      apiVersion: API,
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: 'https://a' } },
    });
  });

  it('takes a certificate', async () => {
    const around = surroundings({ run: () => printed({ clientCertificateData: 'C', clientKeyData: 'K' }) });

    expect(await execCredential(plugin(), around).current()).toEqual({
      certificate: { cert: 'C', key: 'K' },
    });
  });

  it('runs again after a refusal', async () => {
    const around = surroundings({ run: () => printed({ token: 't' }) });
    const source = execCredential(plugin(), around);
    await source.current();

    expect(source.refused()).toBe(true);
    await source.current();

    expect(around.commands).toHaveLength(2);
  });

  it.each<[string, ExecResult, RegExp]>([
    [
      'that is not installed, with its hint',
      { code: undefined, stdout: '', stderr: '', failure: 'ENOENT' },
      /login could not be run \(ENOENT\); brew install it/,
    ],
    [
      'that fails, with its words',
      { code: 1, stdout: '', stderr: 'not logged in\n' },
      /exit code 1: not logged in/,
    ],
    [
      'that prints a secret that is not JSON, without showing it',
      { code: 0, stdout: 's3cr3t', stderr: '' },
      /not JSON$/,
    ],
    [
      'that answers in another version',
      printed({ token: 't' }, 'client.authentication.k8s.io/v1beta1'),
      /answered in client.authentication.k8s.io\/v1beta1/,
    ],
    ['that gives nothing', printed({}), /neither a token nor a certificate/],
    ['that prints something else', { code: 0, stdout: '{}', stderr: '' }, /no ExecCredential/],
  ])('explains a plug-in %s', async (_name, result, message) => {
    const source = execCredential(
      plugin({ installHint: 'brew install it' }),
      surroundings({ run: () => result }),
    );

    await expect(source.current()).rejects.toMatchObject({
      code: 'Unauthorized',
      message: expect.stringMatching(message) as string,
    });
  });
});
