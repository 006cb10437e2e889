import { carryOutWrite } from '../../runtime/write.ts';
import type { Client } from '../../client/client.ts';
import { SERVICE, type Service } from '../../kube/builtin-kinds.ts';
import { messageOf } from '../../lib/error-text.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { isMap } from '../../lib/narrow.ts';
import { isNotOurs } from '../../runtime/not-ours.ts';
import { MARKER_LABEL } from '../marks.ts';
import type { Mirror } from '../mirror.ts';
import { KUBERNETES_SERVICE } from '../pods/pod-env.ts';
import { isOnHost, translateService } from '../rows/services.ts';
import { scrub } from '../scrub.ts';

/** What the tenant's API server asks before it stores a Service. */
export interface ServiceQuestion {
  readonly uid: string;
  readonly operation: string;
  readonly namespace: string;
  readonly dryRun: boolean;
  readonly object: Service;
}

/** One step of a JSON patch. */
export interface PatchStep {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

/** The answer. */
export type ServiceAnswer =
  | { readonly allowed: true; readonly patch: readonly PatchStep[] }
  | { readonly allowed: false; readonly code: number; readonly message: string };

/** What an answer needs. */
export interface ReviewDeps {
  readonly mirror: Mirror;
  readonly host: Client;
  /** Address of the API server itself, as pods of the tenant reach it. */
  readonly kubernetesAddress: string;
  /** Five letters for a generated name. */
  readonly suffix: () => string;
}

const CHANGED_NOTHING: ServiceAnswer = { allowed: true, patch: [] };
const FORBIDDEN = 403;
const UNAVAILABLE = 503;
/** Tries to make the host's Service: with the name it should have, then with the spare one. */
const ATTEMPTS = 2;

/**
 * Makes the host's Service first and tells its address and ports to the tenant's: so both have the same from the first
 * moment. May be asked twice for one Service, or for one that never comes; what is left over the syncer takes away.
 */
export async function reviewService(question: ServiceQuestion, deps: ReviewDeps): Promise<ServiceAnswer> {
  const { object, namespace, operation, dryRun } = question;
  const { name = '', generateName } = object.metadata as {
    readonly name?: string;
    readonly generateName?: string;
  };
  if (namespace === KUBERNETES_SERVICE.namespace && name === KUBERNETES_SERVICE.name)
    return operation === 'CREATE' ? addresses({ clusterIP: deps.kubernetesAddress }) : CHANGED_NOTHING;
  const given = name === '' ? `${generateName ?? ''}${deps.suffix()}` : name;
  // Without its UID: until the syncer has seen the Service as it is stored, the host's waits for it.
  const { uid: _uid, ...metadata } = object.metadata;
  const service: Service = { ...object, metadata: { ...metadata, namespace, name: given } };
  if (dryRun || !isOnHost(service) || !isIncomplete(service, operation)) return CHANGED_NOTHING;
  try {
    const host = await makeHost(service, deps);
    if (typeof host === 'string') return { allowed: false, code: FORBIDDEN, message: host };
    const named: readonly PatchStep[] =
      name === '' ? [{ op: 'add', path: '/metadata/name', value: given }] : [];
    return { allowed: true, patch: [...named, ...patchOf(service, host)] };
  } catch (error) {
    const message = scrub(messageOf(error), deps.mirror, namespace);
    const code = isKubeError(error) && error.status !== undefined ? error.status : UNAVAILABLE;
    return { allowed: false, code, message };
  }
}

/** True if the API server would choose an address or a port by itself. */
function isIncomplete({ spec }: Service, operation: string): boolean {
  const hasPorts = spec?.type === 'NodePort' || spec?.type === 'LoadBalancer';
  const lacksPort =
    hasPorts && (spec.ports ?? []).some(({ nodePort }) => nodePort === undefined || nodePort === 0);
  if (spec?.clusterIP === 'None') return false;
  // An address that is asked for has to be had on the host, too.
  return operation === 'CREATE' || (spec?.clusterIP ?? '') === '' || lacksPort;
}

/** The host's Service, or the refusal of it. */
async function makeHost(service: Service, { mirror, host }: ReviewDeps): Promise<Service | string> {
  const { namespace, name } = service.metadata;
  for (let attempt = 1; ; attempt += 1) {
    const translation = translateService(service, mirror);
    if (translation.is !== 'object')
      return translation.is === 'refused' ? translation.reasons.join(' ') : translation.reason;
    try {
      const { object } = await carryOutWrite(host, {
        verb: 'own',
        kind: SERVICE,
        object: translation.object,
        owner: mirror.tenant.name,
        ownerLabel: MARKER_LABEL,
      });
      if (object === undefined) throw new Error('the host did not answer the Service');
      return object;
    } catch (error) {
      if (!isNotOurs(error) || attempt >= ATTEMPTS) throw error;
      mirror.giveSpareName(SERVICE, { namespace, name });
    }
  }
}

function addresses(spec: NonNullable<Service['spec']>): ServiceAnswer {
  const ips = spec.clusterIPs ?? [spec.clusterIP];
  return {
    allowed: true,
    patch: [
      { op: 'add', path: '/spec/clusterIP', value: spec.clusterIP },
      { op: 'add', path: '/spec/clusterIPs', value: ips },
    ],
  };
}

function patchOf(service: Service, { spec }: Service): readonly PatchStep[] {
  const steps: PatchStep[] = [];
  const add = (path: string, value: unknown): unknown =>
    value !== undefined && steps.push({ op: 'add', path, value });
  for (const field of [
    'clusterIP',
    'clusterIPs',
    'ipFamilies',
    'ipFamilyPolicy',
    'healthCheckNodePort',
  ] as const)
    add(`/spec/${field}`, spec?.[field] === 0 ? undefined : spec?.[field]);
  for (const [index, port] of (service.spec?.ports ?? []).entries()) {
    const there = spec?.ports?.find(
      (one) => one.port === port.port && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    );
    add(`/spec/ports/${index}/nodePort`, there?.nodePort);
  }
  return steps;
}

/** Reads an AdmissionReview about a Service; undefined where it is none. */
export function readServiceQuestion(text: string): ServiceQuestion | undefined {
  let review: unknown;
  try {
    review = JSON.parse(text);
  } catch {
    return undefined;
  }
  const request = isMap(review) ? review['request'] : undefined;
  if (!isMap(request) || !isMap(request['object']) || !isMap(request['object']['metadata'])) return undefined;
  const { uid, operation, namespace, dryRun, object } = request;
  if (typeof uid !== 'string' || typeof operation !== 'string' || typeof namespace !== 'string')
    return undefined;
  // The API server asks about Services only, in the shape it stores them in.
  return { uid, operation, namespace, dryRun: dryRun === true, object: object as unknown as Service };
}

/** The answer as the API server reads it. */
export function reviewBody(uid: string, answer: ServiceAnswer): string {
  const said = answer.allowed
    ? {
        allowed: true,
        ...(answer.patch.length === 0
          ? {}
          : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(answer.patch)).toString('base64') }),
      }
    : { allowed: false, status: { code: answer.code, message: answer.message } };
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, ...said },
  });
}
