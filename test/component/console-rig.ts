import { request, type IncomingHttpHeaders } from 'node:http';
import { fixedCredential } from '../../src/client/access.ts';
import { startConsole, type Console } from '../../src/console/server.ts';
import { generatedCrd } from '../../src/helm/generated-crd.ts';
import { CRD } from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/runtime/log.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import type { Attributes } from '../fakeapi/options.ts';
import { SHOP } from './instance-rig.ts';

export const SHOPS = '/api/services/platformapi.kubeplus/shopservices';

/** What the console answered. */
export interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: () => unknown;
}

interface Asking {
  readonly token?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string;
}

/**
 * A console before an API server in memory. Alice may use shops in `team-a`, Eve in `team-b`; the console itself was started with the file of
 * an administrator.
 */
export class ConsoleRig {
  readonly api: FakeApi;
  readonly console: Console;
  /** Every line of the console's log. */
  readonly lines: readonly string[];

  private constructor(api: FakeApi, console: Console, lines: readonly string[]) {
    this.api = api;
    this.console = console;
    this.lines = lines;
  }

  static async start(): Promise<ConsoleRig> {
    const api = await startFakeApi({
      namespaces: ['team-a', 'team-b', 'shop-1'],
      tokens: {
        'alice-token': ALICE,
        'eve-token': 'system:serviceaccount:team-b:eve',
        'admin-token': 'admin',
      },
      authorize: mayDo,
      unenforced: ['CEL rules'],
    });
    const { group, version, kind, plural } = SHOP;
    const spec = {
      type: 'object',
      required: ['title'],
      properties: { title: { type: 'string' }, size: { type: 'integer' } },
    };
    const crd = generatedCrd({
      resource: { group, version, kind, plural },
      serviceUid: 'u',
      spec,
      description: '',
      kinds: [],
    });
    // What is written is no CustomResourceDefinition of the types' but an object of ours.
    const { _type: _, ...crds } = CRD;
    await api.client({ token: 'admin-token' }).create(crds, crd);
    const lines: string[] = [];
    const console = await startConsole({
      access: { ...api.access(), credentials: fixedCredential({ token: 'admin-token' }) },
      files: new Map([
        ['/', { type: 'text/html; charset=utf-8', bytes: Buffer.from('the page'), lasting: false }],
      ]),
      port: 0,
      host: '127.0.0.1',
      clock: systemClock,
      log: createLog({ level: 'debug', clock: systemClock, write: (line) => lines.push(line) }),
    });
    api.requests.length = 0;
    return new ConsoleRig(api, console, lines);
  }

  /** Asks with nothing added but what is given: no client that would tidy up a path or a header. */
  ask(path: string, { token, method = 'GET', headers = {}, body, raw }: Asking = {}): Promise<Heard> {
    const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const asked = request({
        host: '127.0.0.1',
        port: this.console.port,
        path,
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(content === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      });
      asked.on('error', reject);
      asked.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: () => JSON.parse(text) as unknown, // true of any JSON
          }),
        );
      });
      asked.end(content);
    });
  }

  /** Whom the API server has seen since the start. */
  users(): readonly string[] {
    return [...new Set(this.api.requests.map(({ user }) => user))];
  }

  async close(): Promise<void> {
    await this.console.close();
    await this.api.close();
  }
}

export const ALICE = 'system:serviceaccount:team-a:alice';

/** Rights as `tenantry grantpermission consumer` and the operator give them. */
function mayDo({ user, group, resource, namespace }: Attributes): boolean {
  if (user === 'admin') return true;
  const own = user === ALICE ? 'team-a' : 'team-b';
  if (group === SHOP.group) return resource === SHOP.plural && namespace === own;
  if (group === '' && resource === 'events')
    return namespace === own || (user === ALICE && namespace === 'shop-1');
  return group === '' && user === ALICE && namespace === 'shop-1' && ['pods', 'services'].includes(resource);
}
