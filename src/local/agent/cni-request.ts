import { canonicalAddress } from './address.ts';
import { isMap } from '../../lib/narrow.ts';

/** What the plug-in tells about one sandbox. */
export interface CniRequest {
  readonly command: string;
  /** Of the pod's sandbox: what later takes the address back. */
  readonly sandbox: string;
  readonly namespace: string;
  readonly name: string;
  /** Absent with runtimes that do not tell it. */
  readonly podUid: string | undefined;
  /** The addresses that the plug-ins before us gave, canonical. */
  readonly addresses: readonly string[];
  /** JSON that has to be handed on as the result of ADD. */
  readonly result: string;
}

/** A request is a sandbox's configuration and addresses: a few kilobytes. */
export const MAX_REQUEST_BYTES = 256 * 1024;

/**
 * Reads what the plug-in sends: a line each for the command, the sandbox and the arguments (`KEY=value;…`, of which the
 * container runtimes fill the K8S_… ones), then the network configuration with `prevResult` (CNI specification 0.3.1 and
 * later). Throws an Error that says what is missing.
 */
export function parseCniRequest(text: string): CniRequest {
  const [command = '', sandbox = '', args = '', ...rest] = text.split('\n');
  const values = new Map(args.split(';').map((pair) => splitPair(pair)));
  const configuration = parseConfiguration(rest.join('\n'));
  const previous = configuration['prevResult'];
  return {
    command,
    sandbox,
    namespace: values.get('K8S_POD_NAMESPACE') ?? '',
    name: values.get('K8S_POD_NAME') ?? '',
    podUid: values.get('K8S_POD_UID'),
    addresses: addressesOf(previous),
    result: previous === undefined ? '' : JSON.stringify(previous),
  };
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf('=');
  return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

function parseConfiguration(text: string): Record<string, unknown> {
  // DEL and CHECK of some runtimes come without a configuration.
  if (text.trim() === '') return {};
  const value: unknown = JSON.parse(text);
  if (!isMap(value)) throw new Error('the network configuration is not a JSON object');
  return value;
}

function addressesOf(previous: unknown): string[] {
  if (!isMap(previous) || !Array.isArray(previous['ips'])) return [];
  return previous['ips'].flatMap((entry: unknown) => {
    if (!isMap(entry) || typeof entry['address'] !== 'string') return [];
    return canonicalAddress(entry['address'].split('/')[0] ?? '') ?? [];
  });
}
