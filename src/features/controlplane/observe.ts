import { namespaceOfPlane, type ControlPlane } from '../../api/control-plane.ts';
import type { Deployment, Service } from '../../kube/builtin-kinds.ts';
import { DOOR_SECRETS } from '../../planes/door.ts';
import { DATASTORE_SECRET } from '../../planes/kine.ts';
import {
  API_SERVER,
  CONTROLLER_MANAGER,
  CERTIFICATES_SECRET,
  CONTROLLER_MANAGER_SECRET,
  serviceHost,
} from '../../planes/plane-names.ts';
import { readPki } from '../../planes/plane-pki.ts';
import { nextVersions, rolloutOf, type PlaneVersions, type Rollout } from '../../planes/plane-version.ts';
import type { Read } from '../../runtime/controller.ts';
import { AUDIT_SECRET } from '../../planes/audit.ts';
import { ENCRYPTION_SECRET } from '../../planes/encryption.ts';
import type { AskPlane } from './ask-plane.ts';
import { readAuditSettings } from './audit-settings.ts';
import { currentEncryption, hasEncryption } from './current-encryption.ts';
import { currentKeys } from './current-keys.ts';
import { databaseDigest } from './database-action.ts';
import { kubeconfigForm } from './kubeconfig-form.ts';
import { outsideAddress } from './outside.ts';
import type { Present } from '../../planes/part-writes.ts';
import type { PlaneSpec } from '../../planes/plane-spec.ts';
import { ownerOf } from './plane-namespace.ts';
import { restoringMs } from './restoring.ts';
import { filesOf } from './secret-files.ts';
import { observeStore } from './plane-store.ts';
import { survey, type SurveyDeps } from './survey.ts';
import { virtualPlane } from './virtual-plane.ts';
import { partsIn } from './watches.ts';
import { backendOf, replicasOf, wantedPlane } from './wanted-plane.ts';
import type { PlaneWorld } from './world.ts';

export interface ObserveDeps extends SurveyDeps {
  /** Whether a plane's API has its first ServiceAccount. */
  readonly ask: AskPlane;
}

/** Of a namespace that is not ours nothing is read or made. */
const NO_KEYS = { pki: readPki({}), rotation: { phase: 'settled', isRolledOut: false } } as const;

/** Collects everything that the plan of a plane of type k8s depends on. */
export async function observePlane(plane: ControlPlane, read: Read, deps: ObserveDeps): Promise<PlaneWorld> {
  const { settings, memories, clock } = deps;
  const uid = plane.metadata.uid ?? '';
  const store = await observeStore(plane, read, deps);
  const at = { name: namespaceOfPlane(plane), uid, secrets: secretNames(plane, read, settings) };
  const { namespace, present, secrets } = await survey(at, read, deps);
  const versions = versionsOf(plane, present);
  const log = await readAuditSettings(plane, read.live, settings.operatorNamespace);
  const memory = memories.of(namespaceOfPlane(plane), uid);
  const encryption = currentEncryption(plane, secrets.get(ENCRYPTION_SECRET), {
    apiServer: deploymentIn(present, API_SERVER),
    isAsleep: plane.spec.hibernate === true,
    rewritten: memory.rewritten,
    newPassword: deps.newPassword,
  });
  const spec: PlaneSpec = {
    ...withAddress(wantedPlane(plane, settings, versions), present),
    controllersRest: restoringMs(plane, clock.now()) > 0,
    ...('audit' in log && log.audit !== undefined ? { audit: log.audit } : {}),
    ...(encryption === undefined ? {} : { encryption: encryption.state }),
  };
  const isForeign = namespace !== undefined && ownerOf(namespace) !== uid;
  const { pki, rotation } = isForeign
    ? NO_KEYS
    : await currentKeys(plane, secrets.get(CERTIFICATES_SECRET), { spec, present, now: clock.now() });
  // Who shows a certificate needs none.
  const hasPassword = store.database !== undefined && store.database.server.kind !== 'etcd';
  const kept = filesOf(secrets.get(DATASTORE_SECRET))['password'];
  const password = hasPassword ? (kept ?? deps.newPassword()) : '';
  if (spec.asleep === true) memory.hasAnswered = false;
  if (!memory.hasAnswered && isAvailable(present, API_SERVER))
    memory.hasAnswered = await deps.ask({ host: serviceHost(spec), pki }, read.signal);
  return {
    spec,
    versions,
    namespace,
    present,
    pki,
    rotation,
    outside: outsideAddress(spec, present, read.stores, settings),
    ...store,
    auditProblem: 'problem' in log ? log.problem : undefined,
    encryption,
    password,
    hasDatabase: memory.database === databaseDigest(uid, password, spec),
    hasAnswered: memory.hasAnswered,
    look: memory.look,
  };
}

/** Secrets that a plane has beside those that are only written. */
function secretNames(
  plane: ControlPlane,
  { stores }: Read,
  settings: ObserveDeps['settings'],
): readonly string[] {
  const apiServer = deploymentIn(partsIn(namespaceOfPlane(plane), stores), API_SERVER);
  return [
    CERTIFICATES_SECRET,
    CONTROLLER_MANAGER_SECRET,
    kubeconfigForm(plane).secret,
    ...(backendOf(plane) === 'dedicated' ? [] : [DATASTORE_SECRET]),
    ...(virtualPlane(plane, settings) === undefined ? [] : Object.values(DOOR_SECRETS)),
    ...(plane.spec.audit === undefined ? [] : [AUDIT_SECRET]),
    ...(hasEncryption(plane, apiServer) ? [ENCRYPTION_SECRET] : []),
  ];
}

/** What its programs are to run now. */
function versionsOf(plane: ControlPlane, present: Present): PlaneVersions {
  const rollout = (name: string): Rollout | undefined =>
    rolloutOf(deploymentIn(present, name), replicasOf(plane));
  return nextVersions({
    asked: plane.spec.version,
    known: plane.status?.version,
    apiServer: rollout(API_SERVER),
    controllerManager: rollout(CONTROLLER_MANAGER),
  });
}

/** Pods of a virtual cluster reach its API server by the address of its Service, so the certificate names it. */
function withAddress(spec: PlaneSpec, present: Present): PlaneSpec {
  const service: Service | undefined = present.get(`Service/${spec.name}`);
  const ipAddresses = service?.spec?.clusterIPs ?? [];
  return spec.door === undefined || ipAddresses.length === 0 ? spec : { ...spec, ipAddresses };
}

/** Whether a Deployment has a pod that is ready, in the state that was last asked for or the one before. */
export function isAvailable(present: Present, name: string): boolean {
  return (deploymentIn(present, name)?.status?.availableReplicas ?? 0) > 0;
}

function deploymentIn(present: Present, name: string): Deployment | undefined {
  return present.get(`apps/Deployment/${name}`);
}
