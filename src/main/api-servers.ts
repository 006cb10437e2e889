import type { Reader } from '../client/client.ts';
import { ENDPOINT_SLICE, type EndpointSlice } from '../kube/builtin-kinds.ts';

/** One address behind the Service `kubernetes`. */
export interface ApiServer {
  /** A single address: `/32` or `/128`. */
  readonly cidr: string;
  readonly port: number;
}

/** The API server writes this slice itself, under this name. */
const REF = { namespace: 'default', name: 'kubernetes' };

/**
 * Where the API servers answer behind their Service: charts that bind a Role to an account may connect there. Read once at start;
 * an API server that moves is noticed at the next start. Throws KubeError.
 */
export async function findApiServers(client: Reader): Promise<readonly ApiServer[]> {
  const slice = await client.find(ENDPOINT_SLICE, REF);
  return slice === undefined ? [] : apiServersOf(slice);
}

export function apiServersOf({ endpoints, ports, addressType }: EndpointSlice): readonly ApiServer[] {
  const length = addressType === 'IPv6' ? 128 : 32;
  const numbers = (ports ?? []).flatMap(({ port }) => port ?? []);
  return (endpoints ?? []).flatMap(({ addresses }) =>
    addresses.flatMap((address) => numbers.map((port) => ({ cidr: `${address}/${length}`, port }))),
  );
}
