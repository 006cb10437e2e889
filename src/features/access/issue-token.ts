import type { Client } from '../../client/client.ts';
import { SECRET, SERVICE_ACCOUNT } from '../../kube/builtin-kinds.ts';
import { pathOf } from '../../kube/kind.ts';
import { isMap } from '../../lib/narrow.ts';
import { waitUntil } from '../../lib/wait-until.ts';
import { withRemedy } from '../../lib/with-remedy.ts';
import type { Clock } from '../../lib/clock.ts';
import { accessLabels, type Account } from './account.ts';

/** The API server makes no tokens that live shorter. */
const MIN_SECONDS = 600;
/** How long the controller that fills token Secrets may take. */
const FILL_TIMEOUT_MS = 30_000;
const FILL_LOOK_MS = 250;

/** A token, and until when it is valid; undefined: for ever. */
export interface Token {
  readonly token: string;
  readonly until: string | undefined;
}

/** A token that expires. The API server may shorten its life; what it says counts. Throws KubeError. */
export async function requestToken(
  client: Client,
  account: Pick<Account, 'namespace' | 'name'>,
  seconds: number,
): Promise<Token> {
  const { text } = await client.raw({
    method: 'POST',
    path: pathOf(SERVICE_ACCOUNT, account, 'token'),
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: seconds },
    },
  });
  const answer: unknown = JSON.parse(text);
  const status = isMap(answer) ? answer['status'] : undefined;
  const { token, expirationTimestamp } = isMap(status) ? status : {};
  if (typeof token !== 'string' || typeof expirationTimestamp !== 'string')
    throw new Error(`the API server gave no token for ServiceAccount ${account.namespace}/${account.name}`);
  return { token, until: expirationTimestamp };
}

/** KubePlus's token: one in a Secret named as the account, which never expires. Throws KubeError. */
export async function endlessToken(
  client: Client,
  account: Account,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Token> {
  const { namespace, name } = account;
  await client.apply(
    SECRET,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        namespace,
        labels: accessLabels(account),
        annotations: { 'kubernetes.io/service-account.name': name },
      },
      type: 'kubernetes.io/service-account-token',
    },
    { fieldManager: 'provider-kubeconfig', force: true },
  );
  const token = await waitUntil(
    async () => (await client.find(SECRET, { namespace, name }))?.data?.['token'],
    { clock, within: FILL_TIMEOUT_MS, every: FILL_LOOK_MS, signal },
  );
  if (token === undefined)
    throw withRemedy(
      `Secret ${name} in ${namespace} got no token within ${FILL_TIMEOUT_MS / 1000} s`,
      'The cluster fills no token Secrets: leave --endless out.',
    );
  return { token: Buffer.from(token, 'base64').toString(), until: undefined };
}

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };

/** Seconds of `30d`, `12h`, `90m`. Throws an Error with a remedy. */
export function secondsOfLife(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? 0);
  if (seconds >= MIN_SECONDS) return seconds;
  throw withRemedy(
    `--valid-for: ${text} is no life of a token`,
    'Write a number with m, h or d, e.g. 30d; the API server makes none that live shorter than 10m.',
  );
}
