import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Connection } from '../features/connections/graph.ts';
import type { Drawing } from '../features/connections/lay-out.ts';
import type { RelationType } from '../features/connections/relation.ts';
import type { CliIo } from './cli-io.ts';
import type { Colors } from './colors.ts';
import { withClient } from './connect.ts';
import { describeHidden } from './hidden-kinds.ts';
import { packageRoot } from './package-root.ts';

interface Flags {
  readonly kubeconfig?: string;
  readonly output?: 'flat' | 'json' | 'svg' | 'png' | 'html';
  readonly ignore?: string;
  readonly hideDetails?: ReadonlySet<RelationType>;
  readonly file?: string;
}

/** `tenantry connections`, also `kubectl connections`: how an object is connected to others. */
export function connectionsCommand(io: CliIo): Command {
  return new Command('connections')
    .description(
      'Show how an object is connected to others: by owners, labels, names, variables, annotations',
    )
    .argument('<kind>', 'kind of the object: a service’s or any other')
    .argument('<instance>', 'name of the object')
    .addArgument(
      new Argument(
        '[namespace]',
        'its namespace (default: of an instance wherever it is, else the context’s)',
      ),
    )
    .addOption(
      new Option('-o, --output <form>', 'branches as text unless given').choices([
        'flat',
        'json',
        'png',
        'svg',
        'html',
      ]),
    )
    .option('-i, --ignore <kinds>', 'objects to stop at: Kind1:Instance1,Kind2')
    .addOption(
      new Option(
        '-n, --hide-details <types>',
        'types whose details are left out of a drawing: label,specproperty,envvariable,annotation',
      ).argParser(parseTypes),
    )
    .option('--file <file>', 'where a drawing goes (default: in ~/.kubeplus)')
    .option('-k, --kubeconfig <file>', 'kubeconfig to use')
    .action(async (kind: string, name: string, place: string | undefined, flags: Flags) => {
      const { gatherConnections } = await import('./gather-connections.ts');
      const { relationsOf } = await import('../features/connections/relations.ts');
      const { connectionsFrom, parseIgnored } = await import('../features/connections/graph.ts');
      await withClient(io, flags, async ({ client, discovery, namespace }) => {
        const resources = await discovery.resources();
        const question = { kind, name, namespace: place, contextNamespace: namespace };
        const { start, objects, rules, hidden } = await gatherConnections(client, resources, question);
        const relations = relationsOf(objects, rules);
        const connections = connectionsFrom(start, relations, parseIgnored(flags.ignore ?? ''));
        await show(io, connections, flags);
        if (hidden.length > 0)
          io.err(`Not looked at, for you may not list them: ${describeHidden(hidden)}\n`);
      });
    });
}

/** Types that KubePlus's flag takes. */
const HIDEABLE: readonly RelationType[] = ['label', 'specproperty', 'envvariable', 'annotation'];

function parseTypes(text: string): ReadonlySet<RelationType> {
  const types = text.split(',').map((one) => one.trim());
  const known = HIDEABLE.filter((one) => types.includes(one));
  if (known.length < new Set(types).size)
    throw new InvalidArgumentError(`Allowed values are: ${HIDEABLE.join(', ')}, separated by commas.`);
  return new Set(known);
}

const paintsOf = (colors: Colors): Readonly<Record<RelationType, (text: string) => string>> => ({
  'owner reference': colors.cyan,
  label: colors.green,
  specproperty: colors.magenta,
  envvariable: colors.red,
  annotation: colors.yellow,
});

async function show(io: CliIo, connections: readonly Connection[], flags: Flags): Promise<void> {
  const paints = paintsOf(io.colors);
  const { printConnections, connectionsJson } = await import('../features/connections/print-connections.ts');
  switch (flags.output) {
    case undefined:
    case 'flat':
      io.out(printConnections(connections, flags.output ?? 'default', (type) => paints[type](type)));
      return;
    case 'json':
      io.out(connectionsJson(connections));
      return;
    case 'png':
    case 'svg':
    case 'html':
      await draw(io, connections, flags, flags.output);
  }
}

/** What KubePlus calls its drawings; other programs look for them. */
const FILE_NAME = 'connections-op.json.gv';

type Form = 'png' | 'svg' | 'html';

async function draw(io: CliIo, connections: readonly Connection[], flags: Flags, form: Form): Promise<void> {
  const { layOut } = await import('../features/connections/lay-out.ts');
  const drawing = layOut(connections, flags.hideDetails ?? new Set());
  const usual = join(io.env['HOME'] ?? io.cwd, '.kubeplus', `${FILE_NAME}.${form}`);
  const file = flags.file === undefined ? usual : resolve(io.cwd, flags.file);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await drawn(connections, drawing, form));
  io.out(`Output available in: ${file}\n`);
}

async function drawn(
  connections: readonly Connection[],
  drawing: Drawing,
  form: Form,
): Promise<string | Uint8Array> {
  const { drawHtml, drawSvg } = await import('../features/connections/draw-svg.ts');
  const start = connections[0]?.object;
  switch (form) {
    case 'png':
      return drawnPng(drawing);
    case 'svg':
      return drawSvg(drawing);
    case 'html':
      return drawHtml(`Connections of ${start?.kind} ${start?.metadata.name}`, drawing);
  }
}

async function drawnPng(drawing: Drawing): Promise<Uint8Array> {
  const { drawPng } = await import('../features/connections/draw-png.ts');
  const distributed = join(packageRoot(), 'dist');
  const [renderer, font] = await Promise.all([
    readFile(join(distributed, 'resvg.wasm')),
    readFile(join(distributed, 'DejaVuSans.ttf')),
  ]);
  return drawPng(drawing, { renderer, font });
}
