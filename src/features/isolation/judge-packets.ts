import { green, red, unknown, type Verdict } from './finding.ts';

/** Addresses that a probe tried, and whether each was reached; a text says why the probe did not run. */
export type Tried = Readonly<Record<string, boolean>> | string;

/** What came of the packets. */
export interface PacketResults {
  /** Addresses of the instance's pods and Services. */
  readonly own: readonly string[];
  /** Address of the API server. */
  readonly apiServer: string;
  /** From a pod of the instance's namespace. */
  readonly inside: Tried;
  /** From a pod elsewhere. */
  readonly outside: Tried;
}

/** Whether packets from elsewhere are kept out: of an address that answers inside. Pure. */
export function judgePacketIn({ own, inside, outside }: PacketResults): Verdict {
  if (typeof outside === 'string') return notSent(outside);
  const arrived = own.find((address) => outside[address] === true);
  if (arrived !== undefined)
    return red(
      `a packet from another namespace arrived at ${arrived}`,
      'See "network policies" above; if these are in force, the cluster’s network does not enforce policies.',
    );
  if (typeof inside === 'string') return notSent(inside);
  const answering = own.find((address) => inside[address] === true);
  if (answering === undefined)
    return unknown(
      'nothing of the instance answers in its own namespace, so that silence outside says nothing',
      'Try again when its pods are ready.',
    );
  return green(`${answering} answers inside and not outside`);
}

/** Whether packets to the API server are kept in: where the chart's pods have no business with it. Pure. */
export function judgePacketOut({ apiServer, inside, outside }: PacketResults): Verdict {
  if (typeof inside === 'string') return notSent(inside);
  if (inside[apiServer] === true)
    return red(
      `a packet of the instance arrived at the API server (${apiServer})`,
      'See "egress" above; if that is in force, the cluster’s network does not enforce policies.',
    );
  if (typeof outside === 'string') return notSent(outside);
  if (outside[apiServer] !== true)
    return unknown(`${apiServer} does not answer elsewhere either`, 'Try again.');
  return green(`${apiServer} answers elsewhere and not inside`);
}

const notSent = (why: string): Verdict =>
  unknown(
    `could not be sent: ${why}`,
    'Sending takes the right to create pods, and room in the quota for a small one.',
  );
