import type { Box, Drawing, Line } from './lay-out.ts';
import { linePath } from './line-path.ts';
import { placeCaptions } from './place-captions.ts';
import type { RelationType } from './relation.ts';

/** Colours of the lines, as KubePlus's users know them. */
const COLOURS: Readonly<Record<RelationType, string>> = {
  'owner reference': '#0000ff',
  label: '#006400',
  specproperty: '#dc143c',
  envvariable: '#8b7500',
  annotation: '#4b0082',
};
/** Pods are what runs; the others lead there. */
const fillOf = (kind: string): string => (kind === 'Pod' ? '#e0ffff' : '#eee9e9');
/** Colour of the boxes' edges. */
const EDGE = '#555555';
/** Longest text beside a line, so that it stays between two columns. */
const MAX_WORDS = 30;

/** The drawing as SVG: text stays text, so it can be searched and copied. */
export function drawSvg(drawing: Drawing): string {
  const { width, height, boxes, lines } = drawing;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="DejaVu Sans, sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...lines.map(lineSvg),
    ...captionsSvg(lines),
    ...boxes.map(boxSvg),
    '</svg>\n',
  ].join('\n');
}

/** A page with the drawing and what its colours mean. */
export function drawHtml(title: string, drawing: Drawing): string {
  const legend = Object.entries(COLOURS)
    .map(([type, colour]) => `<span style="color:${colour}">&#9644; ${escapeXml(type)}</span>`)
    .join(' ');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeXml(title)}</title></head>
<body style="font-family:sans-serif">
<h1 style="font-size:1.2em">${escapeXml(title)}</h1>
<p>${legend}</p>
${drawSvg(drawing)}</body>
</html>
`;
}

function lineSvg({ from, to, type, words }: Line): string {
  const colour = COLOURS[type];
  const { start, firstControl, secondControl, end } = linePath(from, to);
  const path = `M${start.x} ${start.y} C${firstControl.x} ${firstControl.y} ${secondControl.x} ${secondControl.y} ${end.x} ${end.y}`;
  const stroke = `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.2"/>`;
  return `<g>${stroke}<title>${escapeXml(`${type}: ${words}`)}</title></g>`;
}

/** Behind all lines, so that none goes through the words; with an edge of the background's colour, so that those below don't show. */
function captionsSvg(lines: readonly Line[]): readonly string[] {
  const captions = placeCaptions(lines, ({ type, words }) => captionOf(type, words));
  return lines.flatMap((line) => {
    const place = captions.get(line);
    if (place === undefined) return [];
    const { type, words } = line;
    const edge = 'stroke="#ffffff" stroke-width="3" paint-order="stroke"';
    return [
      `<text x="${place.x}" y="${place.y}" text-anchor="${place.anchor}" font-size="9" fill="${COLOURS[type]}" ${edge}>${escapeXml(captionOf(type, words))}</text>`,
    ];
  });
}

function boxSvg({ x, y, width, height, kind, name }: Box): string {
  const middle = x + width / 2;
  return [
    `<g><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="4" fill="${fillOf(kind)}" stroke="${EDGE}"/>`,
    `<text x="${middle}" y="${y + 14}" text-anchor="middle" font-weight="bold">${escapeXml(kind)}</text>`,
    `<text x="${middle}" y="${y + 28}" text-anchor="middle">${escapeXml(name)}</text></g>`,
  ].join('');
}

/** What stands beside a line: what says so, else how the two are related. */
function captionOf(type: RelationType, words: string): string {
  const text = words === '' ? type : words;
  return text.length <= MAX_WORDS ? text : `${text.slice(0, MAX_WORDS - 1)}…`;
}

/** Annotations may hold anything: nothing of it becomes markup, and what XML can't hold is left out. */
function escapeXml(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}
