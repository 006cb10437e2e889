import type { ClusterAccess } from '../client/access.ts';
import type { Client } from '../client/client.ts';
import type { Clock } from '../lib/clock.ts';
import { issue, type KeyPair } from '../pki/certificate.ts';
import type { Log } from '../runtime/log.ts';
import type { EgressTenant } from './endpoint/egress-server.ts';
import { hostDoor } from './endpoint/host-door.ts';
import { TenantEndpoint } from './endpoint/tenant-endpoint.ts';
import { Syncer, type SyncerOptions } from './syncer.ts';

/** Days that certificates of the endpoint live. They are made in each process, made anew each day, and kept nowhere. */
const CERTIFICATE_DAYS = 7;

/** What one virtual cluster is served with. */
export interface ServeTenantOptions extends Omit<SyncerOptions, 'calls'> {
  /** Makes the host's Services that are asked for: in every process, also where no work is done. */
  readonly reviewer: Client;
  /** The host as the same identity: streams are opened past the client. */
  readonly hostAccess: ClusterAccess;
  /** The authority that the tenant's API server trusts for kubelets, for its webhook and for the door. */
  readonly authority: KeyPair;
  /** Authority of the certificates that the tenant's API server shows, PEM. */
  readonly clientCa: string;
  /** Common name of the one that it shows at the door. */
  readonly clientName: string;
  /** The name under which it finds the door. */
  readonly serverName: string;
  /** Address of the tenant's API server inside the host: that of its `kubernetes` Service. */
  readonly kubernetesAddress: string;
  /** Letters for the end of a generated name; random. */
  readonly suffix: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A virtual cluster as this process serves it. */
export interface ServedTenant {
  readonly syncer: Syncer;
  /** For the door of this process. */
  readonly egress: EgressTenant;
  /** The same with a new certificate; due each day. */
  readonly renewed: () => Promise<EgressTenant>;
}

/**
 * Everything of ours around one tenant's API server, ready to be put behind the door. The order matters: first the door, for
 * the API server asks about its own Service before it is ready; then `syncer.watch`; then, in one process, `syncer.work`.
 */
export async function serveTenant(options: ServeTenantOptions): Promise<ServedTenant> {
  const { authority, clientCa, clientName, serverName, clock } = options;
  const certificate = (request: Parameters<TenantEndpointCertificate>[0]): Promise<KeyPair> =>
    issue(authority, { ...request, usages: ['server'], notBefore: clock.now(), days: CERTIFICATE_DAYS });
  const syncer = new Syncer(options);
  const endpoint = new TenantEndpoint({
    ...options,
    host: options.reviewer,
    mirror: syncer.mirror,
    door: hostDoor(options.hostAccess),
    certificate,
  });
  const renewed = async (): Promise<EgressTenant> => {
    const { cert, key } = await certificate({ commonName: serverName, dnsNames: [serverName] });
    return { serverName, cert, key, clientCa, clientName, endpoint };
  };
  return { syncer, egress: await renewed(), renewed };
}

type TenantEndpointCertificate = ConstructorParameters<typeof TenantEndpoint>[0]['certificate'];
