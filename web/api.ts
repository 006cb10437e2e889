import type { Problem } from './field-errors.ts';
import type { Json, JsonMap } from './json.ts';
import type { Standing } from './state-of.ts';

/** What the console answers with, for people. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

export interface ServiceName {
  readonly group: string;
  readonly plural: string;
}
export interface Service extends ServiceName {
  readonly version: string;
  readonly kind: string;
  readonly may: {
    readonly list: boolean;
    readonly create: boolean;
    readonly change: boolean;
    readonly remove: boolean;
    readonly everywhere: boolean;
  };
}
export interface ServiceText extends Service {
  readonly schema: JsonMap;
  readonly sample?: string;
}
export interface Row extends Standing {
  readonly namespace: string;
  readonly name: string;
  readonly version?: string;
  readonly owner?: string;
  readonly created?: string;
  readonly url?: string;
}
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}
export interface Instance extends Row {
  readonly uid: string;
  readonly generation: number;
  readonly values: JsonMap;
  readonly protected: boolean;
  readonly conditions: readonly Condition[];
  readonly error?: string;
  readonly runsIn?: string;
}
export interface Pod {
  readonly name: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly containers: readonly string[];
  readonly trouble?: string;
}
export interface Parts {
  readonly objects: readonly { readonly kind: string; readonly name: string }[];
  readonly pods: readonly Pod[];
  readonly events: readonly {
    readonly at?: string;
    readonly type: string;
    readonly reason: string;
    readonly message: string;
    readonly about: string;
    readonly count: number;
  }[];
  readonly urls: readonly string[];
  readonly hidden: readonly string[];
}
export interface Usage {
  readonly usage: {
    readonly cpuMillicores?: number;
    readonly memoryBytes?: number;
    readonly storageBytes?: number;
    readonly storageUsedBytes?: number;
    readonly receivedBytes?: number;
    readonly transmittedBytes?: number;
    readonly restarts: number;
    readonly oomKills: number;
  };
  readonly gaps: readonly string[];
}
interface Ref extends ServiceName {
  readonly namespace: string;
  readonly name: string;
}
type Change = Pick<Instance, 'uid' | 'generation'> & { readonly values: Json };

/** Everything the page asks its console. The token lives in here, in memory, for as long as the tab shows the page. */
export interface Api {
  readonly session: () => Promise<{ readonly user: string; readonly namespace?: string }>;
  readonly services: (namespace: string) => Promise<readonly Service[]>;
  readonly service: (name: ServiceName, namespace: string) => Promise<ServiceText>;
  /** Of all namespaces where none is given. */
  readonly list: (name: ServiceName, namespace: string | undefined) => Promise<readonly Row[]>;
  readonly create: (
    name: ServiceName,
    namespace: string,
    body: { name: string; values: Json },
  ) => Promise<Instance>;
  readonly read: (ref: Ref) => Promise<Instance>;
  readonly change: (ref: Ref, body: Change) => Promise<Instance>;
  readonly remove: (ref: Ref) => Promise<void>;
  readonly parts: (ref: Ref) => Promise<Parts>;
  readonly usage: (ref: Ref) => Promise<Usage>;
  readonly log: (ref: Ref, pod: string, container: string, previous: boolean) => Promise<string>;
}

/** `onSignedOut` is told when the token is refused: it ended, or was taken back. */
export function createApi(token: string, onSignedOut: () => void): Api {
  const ask = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(`/api/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      credentials: 'omit',
      redirect: 'error',
    }).catch(() => {
      throw new Refused({ message: 'The console does not answer.', code: 'Network', causes: [] });
    });
    if (response.ok) return response;
    if (response.status === 401) onSignedOut();
    throw new Refused(await problemOf(response));
  };
  // True by the console's own form: src/console answers what the types here say.
  const json = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    (await (await ask(method, path, body)).json()) as T;
  const at = ({ group, plural }: ServiceName): string => `services/${group}/${plural}`;
  const one = (ref: Ref): string => `${at(ref)}/instances/${ref.namespace}/${ref.name}`;
  return {
    session: () => json('GET', 'session'),
    services: (namespace) => json('GET', `services?${query({ namespace })}`),
    service: (name, namespace) => json('GET', `${at(name)}?${query({ namespace })}`),
    list: (name, namespace) =>
      json('GET', `${at(name)}/instances${namespace === undefined ? '' : `?${query({ namespace })}`}`),
    create: (name, namespace, body) => json('POST', `${at(name)}/instances?${query({ namespace })}`, body),
    read: (ref) => json('GET', one(ref)),
    change: (ref, body) => json('PUT', one(ref), body),
    remove: (ref) => json('DELETE', one(ref)),
    parts: (ref) => json('GET', `${one(ref)}/parts`),
    usage: (ref) => json('GET', `${one(ref)}/usage`),
    log: async (ref, pod, container, previous) =>
      (await ask('GET', `${one(ref)}/log?${query({ pod, container, previous: String(previous) })}`)).text(),
  };
}

const query = (asked: Record<string, string>): string => new URLSearchParams(asked).toString();

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem; // true of every refusal of the console
  } catch {
    return { message: `The console answered ${response.status}.`, code: 'Unknown', causes: [] };
  }
}
