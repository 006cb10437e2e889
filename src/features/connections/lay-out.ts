import type { Connection } from './graph.ts';
import { keyOf, type RelationType } from './relation.ts';

/** A box of a drawing: an object. Lengths are pixels, from the upper left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly kind: string;
  readonly name: string;
}

/** A line of a drawing from one box to another, with the words beside it. */
export interface Line {
  readonly from: Box;
  readonly to: Box;
  readonly type: RelationType;
  readonly words: string;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

/** Pixels of a letter of the names: of a broad font, so that no name leaves its box. */
const LETTER = 7.4;
const BOX_HEIGHT = 36;
/** From one box to the next below. */
const ROW = 52;
/** Between two columns: room for the curve and its words. */
const GAP = 190;
const MARGIN = 24;
/** Right of the last column, for lines that go around it, and their words. */
const AROUND = 130;
const PADDING = 12;

interface Node {
  readonly key: string;
  readonly connection: Connection;
  readonly children: Node[];
  /** Rows from the top, in parts where it stands between two of its children. */
  row: number;
}

/**
 * Places the objects in columns by their distance, each beside the middle of what was found from it, so that lines of the tree don't cross; the
 * other relations are drawn over it. Details of the types that are hidden are left out.
 */
export function layOut(connections: readonly Connection[], hidden: ReadonlySet<RelationType>): Drawing {
  const nodes = treeOf(connections);
  const [root] = nodes.values();
  if (root === undefined) return { width: 0, height: 0, boxes: [], lines: [] };
  place(root, { next: 0 });
  const columns = columnsOf([...nodes.values()]);
  const boxes = new Map([...nodes.values()].map((node) => [node.key, boxOf(node, columns)]));
  const lines = connections.flatMap(({ object, peer, type, details }): readonly Line[] => {
    const from = peer === undefined ? undefined : boxes.get(keyOf(peer));
    const to = boxes.get(keyOf(object));
    if (from === undefined || to === undefined || type === undefined) return [];
    return [{ from, to, type, words: hidden.has(type) ? '' : details }];
  });
  const last = columns.at(-1);
  const rows = Math.max(...[...nodes.values()].map(({ row }) => row)) + 1;
  return {
    width: Math.ceil((last?.x ?? 0) + (last?.width ?? 0) + MARGIN + (lines.some(isAround) ? AROUND : 0)),
    height: Math.ceil(2 * MARGIN + (rows - 1) * ROW + BOX_HEIGHT),
    boxes: [...boxes.values()],
    lines,
  };
}

/** True for a line within a column, or backwards: it goes around the right, also of the last column. */
const isAround = ({ from, to }: Line): boolean => to.x <= from.x;

/** The objects, each under the one that it was found from. */
function treeOf(connections: readonly Connection[]): ReadonlyMap<string, Node> {
  const nodes = new Map<string, Node>();
  // Where an object comes several times the nearest is where it was found.
  const nearest = connections.toSorted((one, other) => one.level - other.level);
  for (const connection of nearest) {
    const key = keyOf(connection.object);
    if (nodes.has(key)) continue;
    const node: Node = { key, connection, children: [], row: 0 };
    nodes.set(key, node);
    if (connection.peer !== undefined) nodes.get(keyOf(connection.peer))?.children.push(node);
  }
  return nodes;
}

function place(node: Node, rows: { next: number }): void {
  for (const child of node.children) place(child, rows);
  const first = node.children[0];
  const last = node.children.at(-1);
  node.row = first === undefined || last === undefined ? rows.next++ : (first.row + last.row) / 2;
}

interface Column {
  readonly x: number;
  readonly width: number;
}

function columnsOf(nodes: readonly Node[]): readonly Column[] {
  const widths: number[] = [];
  for (const { connection } of nodes)
    widths[connection.level] = Math.max(widths[connection.level] ?? 0, widthOf(connection));
  let x = MARGIN;
  return widths.map((width) => {
    const column = { x, width };
    x += width + GAP;
    return column;
  });
}

function widthOf({ object }: Connection): number {
  const letters = Math.max(object.kind.length, object.metadata.name.length);
  return Math.ceil(letters * LETTER + 2 * PADDING);
}

function boxOf({ connection, row }: Node, columns: readonly Column[]): Box {
  const { object, level } = connection;
  return {
    x: columns[level]?.x ?? MARGIN,
    y: MARGIN + row * ROW,
    width: widthOf(connection),
    height: BOX_HEIGHT,
    kind: object.kind,
    name: object.metadata.name,
  };
}
