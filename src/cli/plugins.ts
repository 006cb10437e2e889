import { UserError } from './cli-io.ts';

/** One of kubectl's plug-ins: a link to this program under that name. */
export interface Plugin {
  /** What the link is called; kubectl finds it by the words after `kubectl`. */
  readonly file: string;
  /** What is typed, for the list of commands. */
  readonly typed: string;
  /** The words of this program that it stands for. */
  readonly words: readonly string[];
  readonly about: string;
}

/** Every plug-in, in the order in which `kubectl kubeplus commands` lists them. */
export const PLUGINS: readonly Plugin[] = [
  {
    file: 'kubectl-man',
    typed: 'man <Kind>',
    words: ['man'],
    about: 'prints a sample object of a service, with every field and its comment.',
  },
  {
    file: 'kubectl-connections',
    typed: 'connections <Kind> <Instance> <Namespace>',
    words: ['connections'],
    about: 'shows how an object is connected to others: by owners, labels, names, variables, annotations.',
  },
  {
    file: 'kubectl-appresources',
    typed: 'appresources <Kind> <Instance>',
    words: ['app', 'resources'],
    about: 'lists everything that was made for an instance.',
  },
  {
    file: 'kubectl-appstatus',
    typed: 'appstatus <Kind> <Instance>',
    words: ['app', 'status'],
    about: 'shows the release of an instance and its pods.',
  },
  {
    file: 'kubectl-applogs',
    typed: 'applogs <Kind> <Instance>',
    words: ['app', 'logs'],
    about: 'prints the logs of all containers of an instance.',
  },
  {
    file: 'kubectl-appurl',
    typed: 'appurl <Kind> <Instance>',
    words: ['app', 'url'],
    about: 'prints the addresses of an instance.',
  },
  {
    file: 'kubectl-metrics',
    typed: 'metrics <Kind> <Instance>',
    words: ['app', 'metrics'],
    about: 'shows what an instance uses: CPU, memory, storage, network.',
  },
  {
    file: 'kubectl-allow-network-traffic',
    typed: 'allow network traffic <namespace> <namespace>',
    words: ['traffic', 'allow'],
    about: 'lets two instances reach each other.',
  },
  {
    file: 'kubectl-deny-network-traffic',
    typed: 'deny network traffic <namespace> <namespace>',
    words: ['traffic', 'deny'],
    about: 'closes what was allowed.',
  },
  {
    file: 'kubectl-license-create',
    typed: 'license create <Kind> <file>',
    words: ['license', 'create'],
    about: 'limits the instances of a service by number (-n) and date (-e).',
  },
  {
    file: 'kubectl-license-get',
    typed: 'license get <Kind>',
    words: ['license', 'get'],
    about: 'shows that limit.',
  },
  {
    file: 'kubectl-license-delete',
    typed: 'license delete <Kind>',
    words: ['license', 'delete'],
    about: 'takes it away.',
  },
  {
    file: 'kubectl-upload-chart',
    typed: 'upload chart <chart> <kubeconfig>',
    words: ['chart', 'upload', '--plugin'],
    about: 'keeps a chart in the cluster, for chartURL file:///<name>.',
  },
  {
    file: 'kubectl-grantpermission-consumer',
    typed: 'grantpermission consumer <plural> <kubeconfig>',
    words: ['grantpermission', 'consumer'],
    about: 'lets a consumer make instances of a kind, beside those granted before.',
  },
  {
    file: 'kubectl-show-provider-permissions',
    typed: 'show provider permissions <namespace>',
    words: ['show', 'provider', 'permissions'],
    about: 'shows what a provider may do.',
  },
  {
    file: 'kubectl-show-consumer-permissions',
    typed: 'show consumer permissions <namespace> <name>',
    words: ['show', 'consumer', 'permissions'],
    about: 'shows what a consumer may do.',
  },
  {
    file: 'kubectl-retrieve-kubeconfig',
    typed: 'retrieve kubeconfig <provider|consumer>',
    words: ['retrieve', 'kubeconfig'],
    about: 'prints the kubeconfig of a provider or a consumer.',
  },
  {
    file: 'kubectl-kubeplus-commands',
    typed: 'kubeplus commands',
    words: ['plugins', 'list'],
    about: 'prints this list.',
  },
];

/** Prefixes of links: plug-ins, and the programs that kubectl asks for the completion of their words. */
const PLUGIN = 'kubectl-';
const COMPLETION = 'kubectl_complete-';
/** KubePlus's program for accounts, which is no plug-in: a link by this name is our command of the same name. */
const PROVIDER_KUBECONFIG = 'provider-kubeconfig';

/** Names of links that complete the words of a plug-in. */
export const completionFile = ({ file }: Plugin): string => `${COMPLETION}${file.slice(PLUGIN.length)}`;

/** The words of this program, whatever name it was started by. Throws for a link that stands for nothing. */
export function translateWords(program: string, args: readonly string[]): readonly string[] {
  if (program.startsWith(COMPLETION))
    return ['__complete', ...wordsOf(`${PLUGIN}${program.slice(COMPLETION.length)}`), ...args];
  if (program.startsWith(PLUGIN)) return [...wordsOf(program), ...args.map(plainDash)];
  if (program === PROVIDER_KUBECONFIG) return [PROVIDER_KUBECONFIG, ...args.map(plainDash)];
  return args[0] === '__complete' ? args : args.map(plainDash);
}

/** What was typed to start this program: `kubectl appresources`; undefined where it was started by its own name. */
export const typedName = (program: string): string | undefined =>
  program.startsWith(PLUGIN)
    ? program.replaceAll('-', ' ')
    : program === PROVIDER_KUBECONFIG
      ? program
      : undefined;

function wordsOf(file: string): readonly string[] {
  const found = PLUGINS.find((plugin) => plugin.file === file);
  if (found === undefined)
    throw new UserError(
      `there is no plug-in called ${file} in this version`,
      'kubectl kubeplus commands lists those that there are; remove the link, or make all anew: tenantry plugins install.',
    );
  return found.words;
}

/** Options copied from a page whose editor made their dashes long: `–k` for `-k`, `—kubeconfig` for `--kubeconfig`. */
function plainDash(word: string): string {
  const [, rest] = /^[–—]+([A-Za-z][\w=./-]*)$/.exec(word) ?? [];
  if (rest === undefined) return word;
  return rest.length === 1 ? `-${rest}` : `--${rest}`;
}

/** What `kubectl kubeplus commands` prints. */
export function describePlugins(plugins: readonly Plugin[]): string {
  const lines = [
    'NAME',
    '        kubectl kubeplus commands',
    '',
    'SYNOPSIS',
    ...plugins.map(({ typed }) => `        kubectl ${typed}`),
    '',
    'DESCRIPTION',
    '        Commands for services and their instances. All take -k <kubeconfig>; --help says what else.',
    ...plugins.map(({ file, about }) => `        - ${file.replaceAll('-', ' ')} ${about}`),
  ];
  return `${lines.join('\n')}\n`;
}
