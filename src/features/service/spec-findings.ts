import { parseAppEndpoint } from '../../api/app-endpoint.ts';
import { TENANTRY_GROUP, WORKFLOWS_GROUP } from '../../api/names.ts';
import { COUNT_KEYS } from '../../api/quota-counts.ts';
import { MAX_KIND_LENGTH, type CompositionSpec } from '../../api/resource-composition.ts';
import type { ResourceMonitor } from '../../api/resource-monitor.ts';
import { ChartSourceError } from '../../helm/chart-source-error.ts';
import { readPublicKey } from '../../helm/chart-signature.ts';
import { parseChartUrl, type ChartUrl } from '../../helm/chart-url.ts';
import { compareQuantities, parseQuantity } from '../../lib/quantity.ts';
import type { Finding } from '../../runtime/admission.ts';
import { emptyAsUnset, QUOTA_KEYS } from './service-spec.ts';

/** KubePlus's text. */
export const INCOMPLETE_QUOTA = `If quota is specified, specify all four values: ${QUOTA_KEYS.join(', ')}`;

const DNS_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/;
const MAX_LABEL = 63;
/** Semantic versions, as Helm wants them. */
const VERSION = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]{1,64})?(?:\+[0-9A-Za-z.-]{1,64})?$/;
const MAX_GROUP = 200;

/** KubePlus's check that comes before all others (2 in its order). */
export function kindPeriodFindings(spec: CompositionSpec): Finding[] {
  const { kind } = spec.newResource.resource;
  return kind.includes('.') ? [{ message: `Kind name ${kind} invalid. Cannot contain period (.)\n` }] : [];
}

/** KubePlus's limit of the kind's length (6 in its order), and what a CRD demands of names besides. */
export function nameFindings(spec: CompositionSpec): Finding[] {
  const { kind, plural, group, version } = spec.newResource.resource;
  const at = 'spec.newResource.resource';
  const found: Finding[] = [];
  if (kind.length > MAX_KIND_LENGTH) {
    found.push({
      message: `Kind name cannot be more than ${MAX_KIND_LENGTH} characters. Consider changing Kind name.\n`,
    });
  }
  if (!/^[A-Z][A-Za-z0-9]*$/.test(kind) && !kind.includes('.')) {
    found.push(bad(`${at}.kind`, `${show(kind)} must be letters and digits and begin with a capital letter`));
  }
  if (!DNS_LABEL.test(plural) || plural.length > MAX_LABEL) {
    found.push(
      bad(`${at}.plural`, `${show(plural)} must be small letters, digits and dashes, at most ${MAX_LABEL}`),
    );
  }
  const hasGroup = emptyAsUnset(group);
  if (hasGroup !== undefined && (!DNS_NAME.test(hasGroup) || hasGroup.length > MAX_GROUP)) {
    found.push(
      bad(
        `${at}.group`,
        `${show(hasGroup)} must be a domain name with a period, at most ${MAX_GROUP} characters`,
      ),
    );
  }
  const owner = hasGroup === undefined ? undefined : ownerOfGroup(hasGroup);
  if (owner !== undefined) {
    found.push(bad(`${at}.group`, `${hasGroup} belongs to ${owner}; choose a domain of your own`));
  }
  const hasVersion = emptyAsUnset(version);
  if (hasVersion !== undefined && !/^v[1-9]\d*((alpha|beta)[1-9]\d*)?$/.test(hasVersion)) {
    found.push(bad(`${at}.version`, `${show(hasVersion)} must look like v1, v1alpha1 or v2beta1`));
  }
  return found;
}

/** Whose a group is that no service and no chart may add kinds to; undefined for all others. */
export function ownerOfGroup(group: string): string | undefined {
  const isIn = (domain: string): boolean => group === domain || group.endsWith(`.${domain}`);
  if (isIn('k8s.io') || isIn('kubernetes.io')) return 'Kubernetes';
  return isIn(TENANTRY_GROUP) || isIn(WORKFLOWS_GROUP) ? 'Tenantry' : undefined;
}

/** What is wrong with how the chart is to be got; nothing is fetched. */
export function sourceFindings(spec: CompositionSpec): Finding[] {
  const { chartURL, chart } = spec.newResource;
  const found: Finding[] = [];
  try {
    found.push(...versionFindings(parseChartUrl(chartURL), spec.newResource));
  } catch (error) {
    if (!(error instanceof ChartSourceError)) throw error;
    found.push(bad('spec.newResource.chartURL', error.message));
  }
  const key = chart?.cosignKey === undefined ? undefined : readPublicKey(chart.cosignKey);
  if (typeof key === 'string') found.push(bad('spec.newResource.chart.cosignKey', key));
  if (chart?.digest !== undefined && digestOf(chart.digest) === undefined) {
    found.push(
      bad(
        'spec.newResource.chart.digest',
        'must be a SHA-256: 64 hexadecimal digits, with or without sha256: before them',
      ),
    );
  }
  if (chart?.caBundle !== undefined && !chart.caBundle.includes('-----BEGIN CERTIFICATE-----')) {
    found.push(
      bad('spec.newResource.chart.caBundle', 'holds no PEM certificate (-----BEGIN CERTIFICATE-----)'),
    );
  }
  return found;
}

/** A version that is missing, or that names nothing. */
function versionFindings(source: ChartUrl, { chart, chartName }: CompositionSpec['newResource']): Finding[] {
  const at = 'spec.newResource.chart.version';
  const version = emptyAsUnset(chart?.version);
  const keys = (['cosignKey', 'keyringRef'] as const).filter((key) => chart?.[key] !== undefined);
  if (keys.length > 0 && source.from === 'upload')
    return keys.map((key) =>
      bad(`spec.newResource.chart.${key}`, 'can not hold for an uploaded chart; set chart.digest'),
    );
  if (version === undefined) {
    const isNamed =
      source.from !== 'oci' || source.reference.tag !== undefined || source.reference.digest !== undefined;
    return isNamed
      ? []
      : [
          bad(
            at,
            'is missing; a chart in a registry has no version of its own: oci://<registry>/<path>:<version>',
          ),
        ];
  }
  if (!VERSION.test(version)) return [bad(at, `${show(version)} is not a whole version, like 1.2.3`)];
  if (source.from === 'upload')
    return [bad(at, 'is for repositories and registries; an uploaded chart has one version')];
  if (source.from === 'oci' && source.reference.tag !== undefined)
    return [bad(at, 'is in chartURL already; write it in one place')];
  if (source.from === 'web' && emptyAsUnset(chartName) === undefined)
    return [
      bad(
        'spec.newResource.chartName',
        'is missing; with chart.version chartURL is a repository, and chartName the chart in it',
      ),
    ];
  return [];
}

/** The digest as 64 small hexadecimal digits, or undefined if it is none. */
export function digestOf(text: string | undefined): string | undefined {
  const plain = text?.toLowerCase().replace(/^sha256:/, '');
  return plain !== undefined && /^[0-9a-f]{64}$/.test(plain) ? plain : undefined;
}

type Policy = NonNullable<NonNullable<CompositionSpec['respolicy']>['spec']>['policy'];

/** Where a composition has its policy. */
const IN_COMPOSITION = 'spec.respolicy.spec.policy';

/** What is wrong with a composition's policy. */
export const ownPolicyFindings = (spec: CompositionSpec): Finding[] =>
  policyFindings(spec.respolicy?.spec?.policy, IN_COMPOSITION);

/** KubePlus's all-or-none rule of the quota (10 in its order), and quantities that are none. `at` is the path of the policy. */
export function policyFindings(policy: Policy, at: string): Finding[] {
  const quota = QUOTA_KEYS.map((key) => [key, emptyAsUnset(policy?.quota?.[key])] as const);
  const found: Finding[] = [];
  const set = quota.filter(([, value]) => value !== undefined).length;
  if (set > 0 && set < QUOTA_KEYS.length) found.push({ message: INCOMPLETE_QUOTA });
  for (const key of [...QUOTA_KEYS, ...COUNT_KEYS])
    found.push(...quantityFindings(`${at}.quota[${key}]`, emptyAsUnset(policy?.quota?.[key])));
  for (const which of ['requests', 'limits'] as const) {
    for (const name of ['cpu', 'memory'] as const) {
      found.push(
        ...quantityFindings(
          `${at}.podconfig.${which}.${name}`,
          emptyAsUnset(policy?.podconfig?.[which]?.[name]),
        ),
      );
    }
  }
  found.push(...limitFindings(policy, at));
  const selector = emptyAsUnset(policy?.podconfig?.nodeSelector);
  if (selector !== undefined && selector !== 'values.nodeName') {
    found.push(
      bad(
        `${at}.podconfig.nodeSelector`,
        `${show(selector)} is not supported; write values.nodeName, and let instances set spec.nodeName`,
      ),
    );
  }
  return found;
}

/** Metrics of the application that can't be asked for as they are written. */
export function monitorFindings(monitor: ResourceMonitor['spec'], at: string): Finding[] {
  const parsed = parseAppEndpoint(monitor?.appEndpoints);
  if (parsed === undefined || 'endpoint' in parsed) return [];
  return parsed.problems.map(([field, problem]) => bad(`${at}.appEndpoints.${field}`, problem));
}

/** The same of what a composition asks for. */
export const ownMonitorFindings = (spec: CompositionSpec): Finding[] =>
  monitorFindings(spec.resmonitor?.spec, 'spec.resmonitor.spec');

/** Requests above their limits. */
function limitFindings(policy: Policy, at: string): Finding[] {
  const { quota, podconfig } = policy ?? {};
  return (['cpu', 'memory'] as const).flatMap((name) => [
    ...orderFindings(`${at}.quota[requests.${name}]`, quota?.[`requests.${name}`], quota?.[`limits.${name}`]),
    ...orderFindings(
      `${at}.podconfig.requests.${name}`,
      podconfig?.requests?.[name],
      podconfig?.limits?.[name],
    ),
  ]);
}

function quantityFindings(field: string, value: string | undefined): Finding[] {
  if (value === undefined) return [];
  const quantity = parseQuantity(value);
  if (quantity === undefined)
    return [bad(field, `${show(value)} is not a quantity; write for instance 500m, 2 or 512Mi`)];
  return quantity.nano < 0n ? [bad(field, `${show(value)} must not be negative`)] : [];
}

function orderFindings(field: string, request: string | undefined, limit: string | undefined): Finding[] {
  const [low, high] = [parseQuantity(request ?? ''), parseQuantity(limit ?? '')];
  if (low === undefined || high === undefined || compareQuantities(low, high) <= 0) return [];
  return [bad(field, `${request} is more than the limit ${limit}`)];
}

/** Findings of ours begin with the path of the field. */
export function bad(field: string, what: string): Finding {
  return { field, message: `${field}: ${what}` };
}

function show(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
