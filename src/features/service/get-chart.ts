import type { Reader } from '../../client/client.ts';
import type { CompositionSpec } from '../../api/resource-composition.ts';
import { findUpload, loadChart } from '../../helm/chart-store.ts';
import { ChartSourceError } from '../../helm/chart-source-error.ts';
import type { ChartDownload, FetchChart } from '../../helm/chart-source.ts';
import type { SourceCredentials } from '../../helm/source-request.ts';
import { parseChartUrl, type ChartUrl } from '../../helm/chart-url.ts';
import { SECRET, type Secret } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { ChartProblems, type ChartProblem } from './chart-problem.ts';
import { emptyAsUnset } from './service-spec.ts';
import { digestOf } from './spec-findings.ts';

/** A download that has not ended by then is tried again later. */
export const DOWNLOAD_TIMEOUT_MS = 60_000;
/** As Helm and GnuPG call a file of public keys. */
const KEYRING = 'pubring.gpg';
/** How soon a source that failed is asked again. */
const SOURCE_RETRY_MS = 30_000;

export interface GetChart {
  readonly spec: CompositionSpec;
  /** Namespace of the composition: uploads and Secrets are looked for here. */
  readonly namespace: string;
  readonly timeoutMs?: number;
  /** Nobody knows who asks. */
  readonly anonymous?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Where charts are got from. */
export interface ChartSources {
  readonly live: Reader;
  readonly fetchChart: FetchChart;
}

/** KubePlus's text. */
export const uploadMissing = (name: string): string =>
  `Chart /${name} not found.\nUse kubectl upload chart <charttgz> to upload the chart first.`;

/** The bytes of a composition's chart. Throws ChartProblems with what is wrong and what to do, and KubeError. */
export async function getChart(sources: ChartSources, request: GetChart): Promise<Uint8Array> {
  try {
    return await get(sources, request);
  } catch (error) {
    if (!(error instanceof ChartSourceError)) throw error;
    const retry = error.isTransient || error.code === 'ChartNotFound' ? { retryMs: SOURCE_RETRY_MS } : {};
    throw new ChartProblems([{ reason: error.code, message: error.message, ...retry }], { cause: error });
  }
}

async function get({ live, fetchChart }: ChartSources, request: GetChart): Promise<Uint8Array> {
  const { spec, namespace } = request;
  const { chart, chartURL } = spec.newResource;
  const digest = digestOf(chart?.digest);
  const source = parseChartUrl(chartURL);
  if (source.from === 'upload') {
    const upload = await findUpload(live, namespace, source.name);
    if (upload === undefined) {
      throw new ChartProblems([
        { reason: 'ChartNotFound', message: uploadMissing(source.name), retryMs: SOURCE_RETRY_MS },
      ]);
    }
    if (digest !== undefined && digest !== upload.digest) {
      throw new ChartSourceError(
        'DigestMismatch',
        `the uploaded ${source.name} has digest ${upload.digest}, not ${digest}; correct chart.digest or upload the right archive`,
      );
    }
    return loadUpload(live, namespace, upload);
  }
  const secret = await readSecret(live, request);
  return fetchChart({
    ...placeOf(source, spec.newResource),
    cosignKey: chart?.cosignKey,
    keyring: await readKeyring(live, request),
    digest,
    http: chart?.http,
    caBundle: [chart?.caBundle, secret.caBundle].filter((pem) => pem !== undefined).join('\n') || undefined,
    credentials: secret.credentials,
    anonymous: request.anonymous,
    timeoutMs: request.timeoutMs ?? DOWNLOAD_TIMEOUT_MS,
    signal: request.signal,
  });
}

/** The archive itself; or, where a version is named, a chart of a repository. */
function placeOf(
  source: Exclude<ChartUrl, { readonly from: 'upload' }>,
  { chart, chartName }: CompositionSpec['newResource'],
): Pick<ChartDownload, 'url' | 'oci' | 'entry'> {
  const version = emptyAsUnset(chart?.version);
  if (source.from === 'web')
    return {
      url: source.url,
      ...(version === undefined ? {} : { entry: { name: chartName ?? '', version } }),
    };
  const { reference } = source;
  // Helm's way to write a version that a tag can't hold.
  const tag = reference.tag ?? version?.replaceAll('+', '_');
  const protocol = chart?.http === 'allowed' ? 'http' : 'https';
  return { url: new URL(`${protocol}://${reference.host}/`), oci: { ...reference, tag } };
}

async function loadUpload(
  live: Reader,
  namespace: string,
  upload: { name: string; chunks: readonly string[]; digest: string },
): Promise<Uint8Array> {
  try {
    return await loadChart(live, namespace, upload.chunks, upload.digest);
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
    const message = `a part of the uploaded chart ${upload.name} is gone; upload it again (kubectl upload chart)`;
    throw new ChartProblems([{ reason: 'ChartNotFound', message, retryMs: SOURCE_RETRY_MS }], {
      cause: error,
    });
  }
}

/** What a Secret gives to be shown to a server: `token`, or `username` and `password`. */
export function credentialsIn(secret: Secret): SourceCredentials | undefined {
  const [username, password, token] = ['username', 'password', 'token'].map((key) => textOf(secret, key));
  if (token !== undefined) return { token: token.trim() };
  return username !== undefined && password !== undefined ? { username, password } : undefined;
}

interface SourceSecret {
  readonly credentials?: SourceCredentials;
  readonly caBundle?: string;
}

async function readSecret(live: Reader, { spec, namespace }: GetChart): Promise<SourceSecret> {
  const name = spec.newResource.chart?.secretRef?.name;
  if (name === undefined) return {};
  const secret = await live.find(SECRET, { namespace, name });
  if (secret === undefined)
    throw secretMissing(`there is no Secret ${name} in ${namespace}; create it or take secretRef away`);
  const ca = textOf(secret, 'ca.crt');
  const credentials = credentialsIn(secret);
  if (credentials !== undefined || ca !== undefined)
    return {
      ...(credentials === undefined ? {} : { credentials }),
      ...(ca === undefined ? {} : { caBundle: ca }),
    };
  throw secretMissing(
    `Secret ${name} in ${namespace} holds neither username and password, nor token, nor ca.crt`,
  );
}

/** The public keys that a chart may be signed with. */
async function readKeyring(live: Reader, { spec, namespace }: GetChart): Promise<Uint8Array | undefined> {
  const name = spec.newResource.chart?.keyringRef?.name;
  if (name === undefined) return undefined;
  const secret = await live.find(SECRET, { namespace, name });
  const data = secret?.data?.[KEYRING];
  if (data !== undefined) return Buffer.from(data, 'base64');
  const what = secret === undefined ? 'there is no such Secret' : `it has no key ${KEYRING}`;
  const remedy = `gpg --export KEY > ${KEYRING}; kubectl create secret generic ${name} -n ${namespace} --from-file=${KEYRING}`;
  const message = `spec.newResource.chart.keyringRef: Secret ${name} in ${namespace}: ${what}; ${remedy}`;
  throw new ChartProblems([{ reason: 'SecretMissing', message, retryMs: SOURCE_RETRY_MS }]);
}

function textOf(secret: Secret, key: string): string | undefined {
  const data = secret.data?.[key];
  return data === undefined ? undefined : Buffer.from(data, 'base64').toString();
}

function secretMissing(what: string): ChartProblems {
  const problem: ChartProblem = {
    reason: 'SecretMissing',
    message: `spec.newResource.chart.secretRef: ${what}`,
    retryMs: SOURCE_RETRY_MS,
  };
  return new ChartProblems([problem]);
}
