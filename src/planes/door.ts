import { SERVICE } from '../kube/builtin-kinds.ts';
import { egressConfiguration, serviceWebhook } from './door-files.ts';
import { partOf, type Part } from './object-of.ts';
import { trusted, type PlanePki } from './plane-pki.ts';
import type { ExtraMount, PlaneSpec } from './plane-spec.ts';
import { secretPart } from './secrets.ts';

/** Secrets with what the API server reads of its door: how it gets there, and the webhook that nobody can delete. */
export const DOOR_SECRETS = { egress: 'door', webhooks: 'door-webhooks' } as const;
/** Service that leads to the door under a name that is this plane's alone. */
const DOOR = 'door';
const MOUNTED = '/etc/tenantry';
const CERTS = '/etc/kubernetes/pki';
/** As the API server shows itself to kubelets, which the door stands for. */
export const DOOR_CLIENT = 'kube-apiserver-kubelet-client';

/** The name under which a plane finds the door: the door tells planes apart by it. */
export function doorName({ namespace }: Pick<PlaneSpec, 'namespace'>): string {
  return `${DOOR}.${namespace}.svc`;
}

/** What a plane has for its door; nothing where it has none. */
export function doorParts(spec: PlaneSpec, pki: PlanePki): readonly Part[] {
  const { door } = spec;
  if (door === undefined) return [];
  const files = {
    ca: `${CERTS}/ca.crt`,
    cert: `${CERTS}/apiserver-kubelet-client.crt`,
    key: `${CERTS}/apiserver-kubelet-client.key`,
  };
  const { egressSelector, admission } = egressConfiguration(
    `https://${doorName(spec)}:${door.port}`,
    files,
    `${MOUNTED}/${DOOR_SECRETS.webhooks}`,
  );
  return [
    secretPart(spec, DOOR_SECRETS.egress, {
      'egress.json': JSON.stringify(egressSelector),
      'admission.json': JSON.stringify(admission),
    }),
    secretPart(spec, DOOR_SECRETS.webhooks, {
      'services.json': JSON.stringify(serviceWebhook(trusted(pki, 'ca'))),
    }),
    partOf(spec, SERVICE, DOOR, { spec: { type: 'ExternalName', externalName: door.host } }),
  ];
}

/** Flags of an API server with a door. */
export function doorArgs({ door }: Pick<PlaneSpec, 'door'>): readonly string[] {
  if (door === undefined) return [];
  const file = (name: string): string => `${MOUNTED}/${DOOR_SECRETS.egress}/${name}.json`;
  return [
    `--egress-selector-config-file=${file('egress')}`,
    `--admission-control-config-file=${file('admission')}`,
  ];
}

/** Files of an API server with a door. */
export function doorMounts({ door }: Pick<PlaneSpec, 'door'>): readonly ExtraMount[] {
  if (door === undefined) return [];
  return Object.values(DOOR_SECRETS).map((name) => ({ name, from: { secret: name } }));
}
