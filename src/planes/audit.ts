import { PVC } from '../kube/builtin-kinds.ts';
import { shortHash } from '../lib/hash.ts';
import type { AskedPlaneAudit } from '../api/plane-audit.ts';
import { AUDIT_DEFAULTS } from '../api/plane-audit.ts';
import { partOf, type Part } from './object-of.ts';
import type { ExtraMount, PlaneSpec } from './plane-spec.ts';
import type { Volume } from './pod-form.ts';
import { secretPart } from './secrets.ts';

/** What an API server keeps of the requests that it answers. */
export interface PlaneAudit {
  /** A policy of Kubernetes, YAML or JSON. */
  readonly policy: string;
  /** Files on a volume; left out, the log goes to the container's. */
  readonly files?: {
    readonly maxSizeMiB: number;
    readonly maxBackups: number;
    readonly maxAgeDays?: number;
  };
}

/** Secret with the policy. */
export const AUDIT_SECRET = 'audit';
/** Claim of the volume for files, and its volume in pods. */
export const AUDIT_CLAIM = 'audit-log';
const FOLDER = '/var/log/kubernetes';
const LOG_FILE = `${FOLDER}/audit.log`;
/** What Kubernetes' programs ask all the time, of nobody's interest. */
const PROGRAMS = [
  'system:apiserver',
  'system:kube-controller-manager',
  'system:kube-scheduler',
  'system:serviceaccount:kube-system:*',
];

/** The policy of a level. What is in Secrets, ConfigMaps and tokens is in no log, whatever the level. Pure. */
export function auditPolicy(level: AskedPlaneAudit['level'] = AUDIT_DEFAULTS.level): string {
  const secret = [
    { group: '', resources: ['secrets', 'configmaps', 'serviceaccounts/token'] },
    { group: 'authentication.k8s.io', resources: ['tokenreviews'] },
  ];
  return JSON.stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    // What was answered says what was asked.
    omitStages: ['RequestReceived'],
    rules: [
      { level: 'None', nonResourceURLs: ['/livez*', '/readyz*', '/healthz*', '/version', '/openapi/*'] },
      {
        level: 'None',
        users: PROGRAMS,
        verbs: ['get', 'list', 'watch'],
        resources: [{ group: '' }, { group: 'apps' }],
      },
      { level: 'None', resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }] },
      { level: 'Metadata', resources: secret },
      { level },
    ],
  });
}

/** Named by what is in it: a pod never starts with another one than it was made for. */
const fileOf = ({ policy }: PlaneAudit): string => `policy-${shortHash(policy)}.json`;

/** What a plane with an audit log has beside its programs. Pure. */
export function auditParts(spec: PlaneSpec): readonly Part[] {
  const { audit } = spec;
  return audit === undefined ? [] : [secretPart(spec, AUDIT_SECRET, { [fileOf(audit)]: audit.policy })];
}

/** The claim for the log's files, as large as they may become; nothing where there are none. Pure. */
export function auditClaim(spec: PlaneSpec): Part | undefined {
  const { files } = spec.audit ?? {};
  if (files === undefined) return undefined;
  // The one that is written, the full ones, and one more while two API servers take turns.
  const size = `${files.maxSizeMiB * (files.maxBackups + 2)}Mi`;
  return partOf(spec, PVC, AUDIT_CLAIM, {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } },
  });
}

/** Flags of an API server with an audit log. */
export function auditArgs({ audit }: Pick<PlaneSpec, 'audit'>): readonly string[] {
  if (audit === undefined) return [];
  const { files } = audit;
  const policy = `--audit-policy-file=/etc/tenantry/${AUDIT_SECRET}/${fileOf(audit)}`;
  if (files === undefined) return [policy, '--audit-log-path=-'];
  return [
    policy,
    `--audit-log-path=${LOG_FILE}`,
    `--audit-log-maxsize=${files.maxSizeMiB}`,
    `--audit-log-maxbackup=${files.maxBackups}`,
    ...(files.maxAgeDays === undefined ? [] : [`--audit-log-maxage=${files.maxAgeDays}`]),
  ];
}

/** Files of an API server with an audit log. */
export function auditMounts({ audit }: Pick<PlaneSpec, 'audit'>): readonly ExtraMount[] {
  if (audit === undefined) return [];
  return [{ name: AUDIT_SECRET, from: { secret: AUDIT_SECRET, keys: [fileOf(audit)] } }];
}

/** The volume for files, and where it is. */
export function auditVolume({
  audit,
}: Pick<PlaneSpec, 'audit'>):
  | { readonly volume: Volume; readonly mount: { readonly name: string; readonly mountPath: string } }
  | undefined {
  if (audit?.files === undefined) return undefined;
  return {
    volume: { name: AUDIT_CLAIM, persistentVolumeClaim: { claimName: AUDIT_CLAIM } },
    mount: { name: AUDIT_CLAIM, mountPath: FOLDER },
  };
}
