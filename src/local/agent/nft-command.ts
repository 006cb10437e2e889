import { spawn } from 'node:child_process';

/** Lines of nft's complaint that go into the error: the first ones name the place. */
const ERROR_LINES = 6;

/** Carries out an nft script as one transaction, in the network namespace of the caller. */
export type Nft = (script: string) => Promise<void>;

/**
 * Feeds a script to Debian's `nft -f -`. All of it takes effect, or nothing. Throws an Error that carries nft's own words;
 * a missing program is named with its package.
 */
export const runNft: Nft = (script) =>
  new Promise((resolve, reject) => {
    const child = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const remedy =
        error.code === 'ENOENT' ? ': nft is not installed; install the Debian package nftables' : '';
      reject(new Error(`nft could not be started${remedy}`, { cause: error }));
    });
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`nft refused the rules (exit ${code}): ${headOf(complaint)}`));
    });
    // A child that died early shows by its exit code, not by a broken pipe.
    child.stdin.on('error', () => undefined);
    child.stdin.end(script);
  });

const headOf = (text: string): string => text.trim().split('\n').slice(0, ERROR_LINES).join(' | ');
