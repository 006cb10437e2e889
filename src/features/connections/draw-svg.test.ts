import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyObject } from '../../kube/object.ts';
import { drawHtml, drawSvg } from './draw-svg.ts';
import type { Connection } from './graph.ts';
import { layOut, type Box } from './lay-out.ts';
import type { RelationType } from './relation.ts';

const object = (kind: string, name: string): AnyObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'hs1' },
});
const ROOT = object('Hello', 'hs1');
const connection = (level: number, one: AnyObject, peer?: AnyObject, details = 'why'): Connection => ({
  level,
  object: one,
  peer,
  type: peer === undefined ? undefined : 'label',
  details,
});
const CONNECTIONS = [
  connection(0, ROOT),
  connection(1, object('Service', 'web'), ROOT),
  connection(2, object('Pod', 'web-1'), object('Service', 'web')),
  connection(1, object('Secret', 'password'), ROOT),
  connection(2, object('Pod', 'web-1'), object('Secret', 'password'), 'env <PASSWORD> & "more"'),
];
const NONE: ReadonlySet<RelationType> = new Set();

const overlaps = (one: Box, other: Box): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;

describe('layOut', () => {
  it('has a box for each object and a line for each relation', () => {
    const { boxes, lines } = layOut(CONNECTIONS, NONE);

    expect(boxes.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      'Hello/hs1',
      'Service/web',
      'Secret/password',
      'Pod/web-1',
    ]);
    expect(lines.map(({ from, to }) => `${from.name} ${to.name}`)).toEqual([
      'hs1 web',
      'web web-1',
      'hs1 password',
      'password web-1',
    ]);
  });

  it('leaves the details of hidden types out', () => {
    expect(layOut(CONNECTIONS, new Set(['label'])).lines.every(({ words }) => words === '')).toBe(true);
  });

  it('lets no box lie over another or leave the drawing, whatever the tree', () => {
    const tree = fc.array(fc.nat(), { maxLength: 30 }).map((parents) => {
      const told: Connection[] = [connection(0, ROOT)];
      for (const [index, parent] of parents.entries()) {
        const above = told[parent % told.length];
        if (above === undefined) continue;
        const one = object('Thing', `t${'x'.repeat(index)}`);
        told.push(connection(above.level + 1, one, above.object));
      }
      return told;
    });

    fc.assert(
      fc.property(tree, (told) => {
        const { boxes, width, height } = layOut(told, NONE);
        expect(boxes).toHaveLength(told.length);
        for (const [index, box] of boxes.entries()) {
          expect(box.x >= 0 && box.y >= 0).toBe(true);
          expect(box.x + box.width <= width && box.y + box.height <= height).toBe(true);
          expect(boxes.slice(index + 1).some((other) => overlaps(box, other))).toBe(false);
        }
      }),
    );
  });
});

describe('drawSvg', () => {
  it('names every object, pods in their own colour, lines in that of their type', () => {
    const svg = drawSvg(layOut(CONNECTIONS, NONE));

    for (const name of ['Hello', 'hs1', 'Service', 'web', 'password', 'web-1'])
      expect(svg).toContain(`>${name}</text>`);
    expect(svg.split('fill="#e0ffff"')).toHaveLength(2);
    expect(svg.split('stroke="#006400"')).toHaveLength(5);
  });

  it('makes no markup of what an object holds', () => {
    const evil = connection(1, object('Pod', '<script>alert(1)</script>'), ROOT, '"><script>\u0000');
    const page = drawHtml('<b>', layOut([connection(0, ROOT), evil], NONE));

    expect(page).not.toMatch(/<script|<b>/);
    expect(page).not.toContain('\u0000');
    expect(page).toContain('&lt;script&gt;');
  });
});
