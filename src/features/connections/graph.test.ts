import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyObject } from '../../kube/object.ts';
import { connectionsFrom, parseIgnored } from './graph.ts';
import { connectionsJson, printConnections } from './print-connections.ts';
import { keyOf, type Relation, type RelationType } from './relation.ts';

const object = (kind: string, name: string): AnyObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'hs1' },
});
const relate = (from: AnyObject, to: AnyObject, type: RelationType): Relation => ({
  from,
  to,
  type,
  details: 'x',
});

const HELLO = object('Hello', 'hs1');
const SERVICE = object('Service', 'web');
const DEPLOYMENT = object('Deployment', 'web');
const REPLICAS = object('ReplicaSet', 'web-1');
const POD = object('Pod', 'web-1-a');
const FOREIGN = object('Secret', 'foreign');
const RELATIONS = [
  relate(HELLO, SERVICE, 'annotation'),
  relate(HELLO, DEPLOYMENT, 'annotation'),
  relate(DEPLOYMENT, REPLICAS, 'owner reference'),
  relate(REPLICAS, POD, 'owner reference'),
  relate(SERVICE, POD, 'label'),
];

describe('connectionsFrom', () => {
  const lines = (ignore = ''): readonly string[] =>
    printConnections(connectionsFrom(HELLO, RELATIONS, parseIgnored(ignore)), 'default').split('\n');

  it('tells each relation once, under its nearer end, branch by branch', () => {
    expect(lines()).toEqual([
      '',
      '::Final connections graph::',
      '------ Branch 1 ------',
      'Level:0 Hello/hs1',
      'Level:1 Service/web [related to Hello/hs1 by:annotation]',
      'Level:2 Pod/web-1-a [related to Service/web by:label]',
      '------ Branch 2 ------',
      'Level:0 Hello/hs1',
      'Level:1 Deployment/web [related to Hello/hs1 by:annotation]',
      'Level:2 ReplicaSet/web-1 [related to Deployment/web by:owner reference]',
      'Level:3 Pod/web-1-a [related to ReplicaSet/web-1 by:owner reference]',
      '',
    ]);
  });

  it.each(['Service', 'service:web', 'Secret, Service:web'])('goes no further at %s', (ignore) => {
    const told = lines(ignore);

    expect(told).toContain('Level:1 Service/web [related to Hello/hs1 by:annotation]');
    expect(told.some((line) => line.includes('Service/web by:label'))).toBe(false);
    expect(told).toContain('Level:3 Pod/web-1-a [related to ReplicaSet/web-1 by:owner reference]');
  });

  it('does not stop at others of the kind', () => {
    expect(lines('Service:other')).toEqual(lines());
  });

  it('is the object alone where nothing is related', () => {
    expect(printConnections(connectionsFrom(FOREIGN, RELATIONS), 'flat')).toBe(
      '\n::Final connections graph::\n------ Branch 1 ------\nLevel:0 kind:Secret name:foreign\n',
    );
  });

  it('has KubePlus’s keys as JSON', () => {
    expect(JSON.parse(connectionsJson(connectionsFrom(HELLO, RELATIONS.slice(0, 1))))).toEqual([
      {
        Level: 0,
        Kind: 'Hello',
        Name: 'hs1',
        Namespace: 'hs1',
        PeerKind: '',
        PeerName: '',
        PeerNamespace: '',
        RelationType: '',
        RelationDetails: '',
      },
      {
        Level: 1,
        Kind: 'Service',
        Name: 'web',
        Namespace: 'hs1',
        PeerKind: 'Hello',
        PeerName: 'hs1',
        PeerNamespace: 'hs1',
        RelationType: 'annotation',
        RelationDetails: 'x',
      },
    ]);
  });
});

const NODES = Array.from({ length: 8 }, (_, index) => object('Node', String(index)));
const node = fc.nat({ max: NODES.length - 1 }).map((index) => NODES[index] ?? HELLO);
const relations = fc.array(
  fc
    .tuple(node, node, fc.constantFrom<RelationType>('label', 'annotation'))
    .map(([from, to, type]) => relate(from, to, type)),
  { maxLength: 20 },
);

/** Distances by repeated widening: slow and plain. */
function distances(start: AnyObject, edges: readonly Relation[]): ReadonlyMap<string, number> {
  const known = new Map([[keyOf(start), 0]]);
  for (let round = 0; round < NODES.length; round += 1)
    for (const { from, to } of edges)
      for (const [one, other] of [
        [from, to],
        [to, from],
      ] as const) {
        const distance = known.get(keyOf(one));
        if (distance === round && !known.has(keyOf(other))) known.set(keyOf(other), round + 1);
      }
  return known;
}

describe('any graph', () => {
  it('is told whole: what can be reached, at its distance, and each relation once', () => {
    fc.assert(
      fc.property(node, relations, (start, edges) => {
        const told = connectionsFrom(start, edges);
        const wanted = distances(start, edges);
        const nearest = new Map<string, number>();
        for (const { object: one, level } of told)
          nearest.set(keyOf(one), Math.min(level, nearest.get(keyOf(one)) ?? Infinity));

        expect(new Map([...nearest].sort())).toEqual(new Map([...wanted].sort()));
        expect(told.length - 1).toBe(edges.filter(({ from }) => wanted.has(keyOf(from))).length);
        expect(told.slice(1).every(({ level }) => level >= 1)).toBe(true);
      }),
    );
  });
});
