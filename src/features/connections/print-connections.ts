import type { Connection } from './graph.ts';
import type { RelationType } from './relation.ts';

/** Paints the word for a type of relation; as it is where there is no terminal. */
export type Paint = (type: RelationType) => string;

/** The branches as text: `Level:1 Service/web …`, or `flat`: `Level:1 kind:Service name:web …`. */
export function printConnections(
  connections: readonly Connection[],
  form: 'default' | 'flat',
  paint: Paint = (type) => type,
): string {
  const [first, ...others] = connections;
  if (first === undefined) return '';
  const branches: Connection[][] = [];
  for (const connection of others) {
    if (connection.level === 1) branches.push([]);
    branches.at(-1)?.push(connection);
  }
  if (branches.length === 0) branches.push([]);
  const lines = branches.flatMap((branch, index) => [
    `------ Branch ${index + 1} ------`,
    ...[first, ...branch.toSorted((one, other) => one.level - other.level)].map((connection) =>
      lineOf(connection, form, paint),
    ),
  ]);
  return `\n::Final connections graph::\n${lines.join('\n')}\n`;
}

function lineOf({ level, object, peer, type }: Connection, form: 'default' | 'flat', paint: Paint): string {
  const { kind, metadata } = object;
  const what = form === 'flat' ? `kind:${kind} name:${metadata.name}` : `${kind}/${metadata.name}`;
  const why =
    peer === undefined || type === undefined
      ? ''
      : ` [related to ${peer.kind}/${peer.metadata.name} by:${paint(type)}]`;
  return `Level:${level} ${what}${why}`;
}

/** One line of JSON with KubePlus's keys; the first object has no peer and says so by empty texts. */
export function connectionsJson(connections: readonly Connection[]): string {
  const entries = connections.map(({ level, object, peer, type, details }) => ({
    Level: level,
    Kind: object.kind,
    Name: object.metadata.name,
    Namespace: object.metadata.namespace ?? '',
    PeerKind: peer?.kind ?? '',
    PeerName: peer?.metadata.name ?? '',
    PeerNamespace: peer?.metadata.namespace ?? '',
    RelationType: type ?? '',
    RelationDetails: details,
  }));
  return `${JSON.stringify(entries)}\n`;
}
