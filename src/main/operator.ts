import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { crdManifests } from '../api/crds.ts';
import { OPERATOR_NAME, TRIAL_SUFFIX } from '../api/names.ts';
import { DEFAULT_TENANT, TENANT } from '../api/tenant.ts';
import type { Client } from '../client/client.ts';
import { createDiscovery } from '../client/discovery.ts';
import { createClient } from '../client/http-client.ts';
import { loadAccess } from '../client/load-access.ts';
import { nodeSurroundings } from '../client/surroundings.ts';
import { readVersion } from '../cli/package-root.ts';
import { askByService } from '../features/controlplane/ask-plane.ts';
import { controlPlaneController } from '../features/controlplane/controller.ts';
import { ensureOwnCrds } from '../features/installation/own-crds.ts';
import { instanceAdmission } from '../features/instance/handlers.ts';
import { ADMISSION_WATCHES } from '../features/instance/watches.ts';
import { credentialsIn } from '../features/service/get-chart.ts';
import { serviceAdmission } from '../features/service/handlers.ts';
import { monitorController } from '../features/service/monitor.ts';
import { policyController } from '../features/service/policy.ts';
import { newServiceToken } from '../features/controlplane/service-token.ts';
import { hookCounter, hooksController } from '../features/hooks/hook-controllers.ts';
import { registeredServices } from '../features/service/registered-services.ts';
import type { PolicyTrial } from '../features/service/policy-trial.ts';
import { serviceController } from '../features/service/service.ts';
import { placeTaker, planTermsOf } from '../features/tenancy/tenancy.ts';
import { tenantController } from '../features/tenancy/tenant-controller.ts';
import { WEBHOOK_CONFIGURATION_NAME, WEBHOOK_CONFIGURATIONS } from '../features/webhooks/publish-webhooks.ts';
import { compileOneByOne } from '../helm/give-way.ts';
import { createChartFetcher } from '../helm/chart-source.ts';
import { localEngine } from '../cli/local-engine.ts';
import { SECRET } from '../kube/builtin-kinds.ts';
import { groupKindOf, type Kind, type ObjectRef } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { systemClock } from '../lib/clock.ts';
import type { Stores } from '../runtime/controller.ts';
import { createLog, type Log } from '../runtime/log.ts';
import { createManager } from '../runtime/manager.ts';
import { measureCalls } from '../runtime/measure-calls.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { findApiServers } from './api-servers.ts';
import { findServiceRange } from './service-range.ts';
import { instanceControllers } from './instance-controllers.ts';
import { objectsAsWritten } from './objects-as-written.ts';
import { servicesOf } from './services-of.ts';
import { virtualClusters } from './virtual-clusters.ts';
import { watchUsage } from './watch-usage.ts';
import { readOperatorSettings, type OperatorSettings } from './operator-settings.ts';
import { messageOf } from '../lib/error-text.ts';

const WEBHOOK_PORT = 9443;
const HEALTH_PORT = 8080;
/** API servers of virtual clusters come here. */
const DOOR_PORT = 9445;
/** The Service through which they do. */
const DOOR_SERVICE = 'tenantry-door';
/** Letters of a name that is made up. */
const SUFFIX_LENGTH = 5;
/** Of passwords that nobody types. */
const PASSWORD_BYTES = 24;
/**
 * Milliseconds after which a creation that admission let through has succeeded or failed for good: the API server gives up on a request
 * after a minute, counted from before it asked us.
 */
const PENDING_MS = 75_000;
/** The Service through which the API server reaches the webhooks. */
const WEBHOOK_SERVICE = 'tenantry-webhooks';

/** The operator: admission in every replica, controllers in the one that leads. Ends the process. */
export async function runOperator(): Promise<void> {
  compileOneByOne();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const settings = settingsOrEnd();
  if (settings === undefined) return;
  const log = createLog({
    level: settings.logLevel,
    clock: systemClock,
    write: (line) => void process.stdout.write(line),
  });
  try {
    await operate(settings, log, stop.signal);
    process.exitCode = 0;
  } catch (error) {
    log.error('The operator ends', { error });
    process.exitCode = 1;
  }
}

/** The settings; undefined, and the exit code set, where they are wrong: before there is a log, plain words must do. */
function settingsOrEnd(): OperatorSettings | undefined {
  try {
    return readOperatorSettings(process.env);
  } catch (error) {
    const remedy = 'The operator runs in a cluster: `tenantry install` puts it there.';
    process.stderr.write(`error: ${messageOf(error)}\n  ${remedy}\n`);
    process.exitCode = 1;
    return undefined;
  }
}

async function operate(settings: OperatorSettings, log: Log, signal: AbortSignal): Promise<void> {
  const clock = systemClock;
  const metrics = createMetrics();
  const access = await loadAccess({}, nodeSurroundings({ env: process.env, cwd: process.cwd(), clock }));
  const version = await readVersion();
  const client = createClient(access, {
    clock,
    userAgent: `tenantry-operator/${version}`,
    intercept: measureCalls(metrics, clock),
    onWarning: (text, what) => log.warn('The API server warns', { text, what }),
  });
  const engine = localEngine({ clock });
  const { operatorNamespace, accountsNamespace, imageRegistry } = settings;
  const manager = createManager({
    client,
    clock,
    log,
    metrics,
    identity: settings.identity,
    namespace: operatorNamespace,
    leaderElection: { leaseName: OPERATOR_NAME, shards: settings.shards },
    health: { port: HEALTH_PORT, page: (path) => usage.page(path) },
    webhooks: {
      port: WEBHOOK_PORT,
      dnsNames: [
        `${WEBHOOK_SERVICE}.${operatorNamespace}.svc`,
        `${WEBHOOK_SERVICE}.${operatorNamespace}.svc.cluster.local`,
      ],
      secretName: WEBHOOK_SERVICE,
      configurations: WEBHOOK_CONFIGURATIONS.map((kind) => ({ kind, name: WEBHOOK_CONFIGURATION_NAME })),
    },
  });
  const services = registeredServices();
  const usage = watchUsage({
    manager,
    client,
    clock,
    log,
    metrics,
    services,
    operatorNamespace,
    kubelets: { ca: await kubeletAuthorities(settings, access.ca), insecure: settings.kubeletInsecure },
    port: HEALTH_PORT,
  });
  const discovery = createDiscovery(client, clock);
  const fetchChart = createChartFetcher(await chartSourceSettings(settings), {
    clock,
    resolve: (host) => lookup(host, { all: true }),
    verify: engine.verify,
    mirrorCredentials: async (name) => {
      const secret = await client.find(SECRET, { namespace: operatorNamespace, name });
      return secret === undefined ? undefined : credentialsIn(secret);
    },
  });
  const shared = { client: manager.client, engine, discovery, clock };
  const serviceDeps = {
    ...shared,
    fetchChart,
    settings: { operatorNamespace, accountsNamespace, imageRegistry },
    policyTrial: policyTrialOf(settings),
  };
  const apiServer = await findApiServers(client);
  const tenancyDeps = { clock, services: servicesOf(services), operatorNamespace };
  const instanceDeps = {
    ...shared,
    termsOf: (namespace: string, kind: Pick<Kind, 'group' | 'kind'>, stores: Stores) =>
      planTermsOf(namespace, kind, stores, operatorNamespace),
    settings: { operatorNamespace, accountsNamespace, imageRegistry, apiServer },
    wake: (name: string, ref: ObjectRef) => manager.enqueue(name, ref),
    share: () => manager.share(),
  };
  manager.addController(serviceController(serviceDeps));
  manager.addController(policyController(serviceDeps.settings));
  manager.addController(monitorController(serviceDeps.settings));
  manager.addController(
    controlPlaneController({
      client: manager.client,
      clock,
      settings: {
        operatorNamespace,
        accountsNamespace,
        ...settings.planes,
        door: { host: `${DOOR_SERVICE}.${operatorNamespace}.svc.cluster.local`, port: DOOR_PORT },
        ...(await findServiceRange(client)),
      },
      newPassword: () => randomBytes(PASSWORD_BYTES).toString('hex'),
      ask: askByService(clock),
      hostAuthority: access.ca ?? '',
      newToken: newServiceToken,
    }),
  );
  const tenants = virtualClusters({
    manager,
    client,
    access,
    clock,
    log,
    identity: settings.identity,
    settings: {
      operatorNamespace,
      accountsNamespace,
      dnsImage: settings.planes.images.coredns,
      pullPolicy: settings.planes.images.pullPolicy,
    },
    suffix: () => randomBytes(SUFFIX_LENGTH).toString('hex').slice(0, SUFFIX_LENGTH),
    port: DOOR_PORT,
  });
  const watched = new Set<string>();
  const isWatched = (kind: Kind): boolean => watched.has(groupKindOf(kind));
  manager.addController(tenantController({ ...tenancyDeps, isWatched, pendingMs: PENDING_MS }));
  manager.addController(hooksController({ ...shared, accountsNamespace }));
  manager.addController(hookCounter());
  const followers = instanceControllers({
    manager,
    deps: instanceDeps,
    services,
    watched,
    log,
  });
  for (const controller of followers) manager.addController(controller);
  // Admission reads with the bare client: a replica that does not lead must answer, too.
  const handlers = [
    usage.reviews,
    ...serviceAdmission({ ...serviceDeps, client, stores: manager.stores }),
    ...instanceAdmission({
      ...instanceDeps,
      client,
      stores: manager.stores,
      takePlace: placeTaker({ ...tenancyDeps, client, stores: manager.stores }),
    }),
  ];
  for (const handler of handlers) manager.addWebhook(handler);
  for (const watch of ADMISSION_WATCHES) manager.ensureWatch(watch);
  try {
    // Before the informers start, which wait for kinds that are not served.
    await prepareKinds(client, operatorNamespace, version, log);
    const ended = new AbortController();
    const served = tenants.run(AbortSignal.any([signal, ended.signal]));
    try {
      await manager.run(signal);
    } finally {
      ended.abort();
      await served;
    }
  } finally {
    await engine.close();
    await client.close();
  }
}

/** Our CRDs at this version and the default Tenant. Every replica may do it: whoever is first wins, the others find it done. */
async function prepareKinds(client: Client, namespace: string, version: string, log: Log): Promise<void> {
  const written = await ensureOwnCrds(client, crdManifests(), version);
  if (written.length > 0) log.info('Kinds written', { names: written });
  try {
    // Looked for first: a start that finds everything as it should be writes nothing.
    if ((await client.find(TENANT, { namespace, name: DEFAULT_TENANT })) !== undefined) return;
    await client.create(TENANT, {
      apiVersion: `${TENANT.group}/${TENANT.version}`,
      kind: TENANT.kind,
      metadata: { name: DEFAULT_TENANT, namespace },
      spec: { displayName: 'Default' },
    });
  } catch (error) {
    // There already, or the kind is not served yet on this API server: the next start makes it.
    if (!isKubeError(error, 'AlreadyExists', 'NotFound')) throw error;
  }
}

/** What the owner names, else the cluster's own. */
function kubeletAuthorities(
  { kubeletCaFile }: OperatorSettings,
  own: string | undefined,
): Promise<string | undefined> {
  return kubeletCaFile === undefined ? Promise.resolve(own) : readFile(kubeletCaFile, 'utf8');
}

/** How charts are tried on the cluster's policies: as instances would write them, where nothing is stored. */
function policyTrialOf({ policyTrial, operatorNamespace }: OperatorSettings): PolicyTrial | undefined {
  if (policyTrial === 'off') return undefined;
  return { mode: policyTrial, namespace: `${operatorNamespace}${TRIAL_SUFFIX}`, asWritten: objectsAsWritten };
}

async function chartSourceSettings(
  settings: OperatorSettings,
): Promise<Parameters<typeof createChartFetcher>[0]> {
  const { allowHttp, allowPrivateHosts, chartCaFile, proxy, mirrors } = settings;
  return {
    allowHttp,
    allowPrivateHosts,
    caBundle: chartCaFile === undefined ? undefined : await readFile(chartCaFile, 'utf8'),
    proxy,
    mirrors,
  };
}
