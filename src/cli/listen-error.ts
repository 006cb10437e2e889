import { codeOf, messageOf } from '../lib/error-text.ts';
import { UserError } from './cli-io.ts';

/** Where a command was told to listen. */
export interface ListenFlags {
  readonly port: number;
  readonly bind: string;
}

/** Why a command can't listen where its options `--bind` and `--port` say, and which of them to change; any other error as it is. */
export function listenError(error: unknown, { port, bind }: ListenFlags): unknown {
  const remedy = REMEDIES[codeOf(error) ?? ''];
  if (remedy === undefined) return error;
  const message = `can't listen on --bind ${bind}, --port ${port}: ${messageOf(error)}`;
  return new UserError(message, remedy, { cause: error });
}

const ADDRESS = 'Give --bind an address of this machine; * stands for all of them.';

/** By the code of Node's error. */
const REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there. Give another --port; 0 takes a free one.',
  EACCES: 'Ports below 1024 are the machine owner’s. Give a higher --port.',
  EADDRNOTAVAIL: ADDRESS,
  ENOTFOUND: ADDRESS,
  EAI_AGAIN: ADDRESS,
};
