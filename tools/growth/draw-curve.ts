/** One step, as far as it is drawn. */
export interface DrawnStep {
  readonly instances: number;
  readonly perSecond: number;
  readonly stallMaxMs: number;
  readonly operators: readonly { readonly leads: boolean; readonly residentMib: number }[];
  readonly server: { readonly residentMib: number; readonly storeMib: number };
}

interface Panel {
  readonly title: string;
  readonly lines: readonly { readonly name: string; readonly of: (step: DrawnStep) => number | undefined }[];
}

const PANELS: readonly Panel[] = [
  { title: 'instances made per second', lines: [{ name: '', of: ({ perSecond }) => perSecond }] },
  {
    title: 'resident memory, MiB',
    lines: [
      { name: 'leader', of: ({ operators }) => operators.find(({ leads }) => leads)?.residentMib },
      { name: 'follower', of: ({ operators }) => operators.find(({ leads }) => !leads)?.residentMib },
    ],
  },
  { title: 'longest stall of the event loop, ms', lines: [{ name: '', of: ({ stallMaxMs }) => stallMaxMs }] },
  {
    title: 'API server, MiB',
    lines: [
      { name: 'resident', of: ({ server }) => server.residentMib },
      { name: 'database', of: ({ server }) => server.storeMib },
    ],
  },
];

const SIZE = { width: 360, height: 220, left: 52, right: 60, top: 34, bottom: 34 };
/** Told apart by dashes as well: who does not see colours must read it, too. */
const STROKES = ['stroke="#1a5fb4"', 'stroke="#c64600" stroke-dasharray="5 3"'];

/** Draws the steps as four small curves over the number of instances (logarithmic), as an SVG. */
export function drawCurve(steps: readonly DrawnStep[]): string {
  const panels = PANELS.map((panel, index) => {
    const x = (index % 2) * SIZE.width;
    const y = Math.floor(index / 2) * SIZE.height;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel, steps)}</g>`;
  });
  const [width, height] = [SIZE.width * 2, SIZE.height * 2];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="11">
<rect width="${width}" height="${height}" fill="#ffffff"/>
${panels.join('\n')}
</svg>
`;
}

function drawPanel({ title, lines }: Panel, steps: readonly DrawnStep[]): string {
  const most = Math.max(...lines.flatMap(({ of }) => steps.map((step) => of(step) ?? 0)), 1);
  const top = niceAbove(most);
  const across = scale(
    [Math.log10(steps[0]?.instances ?? 1), Math.log10(steps.at(-1)?.instances ?? 10)],
    [SIZE.left, SIZE.width - SIZE.right],
  );
  const up = scale([0, top], [SIZE.height - SIZE.bottom, SIZE.top]);
  const grid = [0, top / 2, top].map(
    (value) =>
      `<line x1="${SIZE.left}" x2="${SIZE.width - SIZE.right}" y1="${up(value)}" y2="${up(value)}" stroke="#d0d0d0"/><text x="${SIZE.left - 6}" y="${up(value) + 4}" text-anchor="end">${value}</text>`,
  );
  const ticks = steps.map(
    ({ instances }) =>
      `<text x="${across(Math.log10(instances))}" y="${SIZE.height - SIZE.bottom + 16}" text-anchor="middle">${instances}</text>`,
  );
  const curves = lines.map(({ name, of }, index) => {
    const points = steps.flatMap((step) => {
      const value = of(step);
      return value === undefined ? [] : [[across(Math.log10(step.instances)), up(value)] as const];
    });
    const [endX, endY] = points.at(-1) ?? [0, 0];
    return `<polyline fill="none" stroke-width="2" ${STROKES[index] ?? ''} points="${points.map(([x, y]) => `${x},${y}`).join(' ')}"/><text x="${endX + 5}" y="${endY + 4}">${name}</text>`;
  });
  return `<text x="${SIZE.left}" y="18" font-weight="bold">${title}</text>${[...grid, ...ticks, ...curves].join('')}`;
}

function scale(from: readonly [number, number], to: readonly [number, number]): (value: number) => number {
  const span = from[1] - from[0] || 1;
  return (value) => Math.round((to[0] + ((value - from[0]) / span) * (to[1] - to[0])) * 10) / 10;
}

/** 1, 2 or 5 times a power of ten, not below the value. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}
