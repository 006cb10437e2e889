// Whether charts come from everywhere they are said to come from: the stock helm packs a chart, pushes it to a real registry and
// makes a repository's index; a real HTTPS server with credentials stands before both. GnuPG (Debian package gnupg) makes the keys with which helm signs.
//
//   --out FILE   everything as JSON
import { spawn, spawnSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ChartSourceError } from '../src/helm/chart-source-error.ts';
import { localEngine } from '../src/cli/local-engine.ts';
import {
  createChartFetcher,
  type ChartDownload,
  type ChartSourceSettings,
  type FetchChart,
} from '../src/helm/chart-source.ts';
import { parseChartUrl } from '../src/helm/chart-url.ts';
import { systemClock } from '../src/lib/clock.ts';
import { sha256 } from '../src/lib/hash.ts';
import { toolPath } from './bench/programs.ts';
import { waitFor } from './bench/wait-for.ts';
import { freePort } from './monitoring/prometheus.ts';
import { startFront, USER, type Front } from './sources/front.ts';
import { KEYS, signBlob, signInRegistry } from './sources/sign.ts';

const { values: options } = parseArgs({ options: { out: { type: 'string' } } });
const home = mkdtempSync(join(tmpdir(), 'tenantry-sources-'));
const helm = toolPath('helm');

function run(command: string, ...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: home, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`);
}

/** A real registry on this machine, without TLS and credentials: those are the front's. */
async function startRegistry(): Promise<{ port: number; stop: () => void }> {
  const port = await freePort();
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(home, 'registry') } },
    http: { addr: `127.0.0.1:${port}` },
  };
  writeFileSync(join(home, 'registry.yml'), JSON.stringify(config));
  const child = spawn(toolPath('registry'), ['serve', join(home, 'registry.yml')], {
    // Every question for something that is not there would be an error in its log.
    stdio: 'ignore',
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  });
  await waitFor('the registry answers', 20_000, async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return { port, stop: () => void child.kill() };
}

/** Two OpenPGP keys; the public ones as compositions name them, the signer's secret one as helm takes it. */
function makeKeys(): Readonly<Record<'signer' | 'other', Uint8Array>> {
  const gpg = (...args: readonly string[]): void =>
    run('gpg', '--homedir', home, '--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback', ...args);
  const keyring = (name: string): Uint8Array => {
    gpg(
      '--passphrase',
      '',
      '--quick-generate-key',
      `${name} <${name}@example.com>`,
      'ed25519',
      'sign',
      'never',
    );
    gpg('--output', join(home, `${name}.pub`), '--export', name);
    return readFileSync(join(home, `${name}.pub`));
  };
  const keys = { signer: keyring('signer'), other: keyring('other') };
  gpg('--passphrase', '', '--output', join(home, 'signer.sec'), '--export-secret-keys', 'signer');
  run('gpgconf', '--homedir', home, '--kill', 'all');
  return keys;
}

/** The chart twice: shop is signed, other is not. */
async function publish(registryPort: number): Promise<Buffer> {
  const files = join(home, 'files');
  mkdirSync(join(files, 'charts'), { recursive: true });
  for (const name of ['shop', 'other']) {
    run(helm, 'create', name);
    const signing =
      name === 'shop' ? ['--sign', '--key', 'signer', '--keyring', join(home, 'signer.sec')] : [];
    run(helm, 'package', name, '--version', '1.2.3+b', '--destination', join(files, 'charts'), ...signing);
    run(
      helm,
      'push',
      join(files, `charts/${name}-1.2.3+b.tgz`),
      `oci://127.0.0.1:${registryPort}/charts`,
      '--plain-http',
    );
  }
  run(helm, 'repo', 'index', files);
  const archive = readFileSync(join(files, 'charts/shop-1.2.3+b.tgz'));
  writeFileSync(join(files, 'charts/shop-1.2.3+b.tgz.sig'), signBlob(archive));
  await signInRegistry(`http://127.0.0.1:${registryPort}`, 'charts/shop', '1.2.3_b');
  return archive;
}

interface Case {
  readonly name: string;
  readonly from: Pick<ChartDownload, 'url' | 'oci' | 'entry'>;
  readonly more?: Partial<ChartDownload>;
  /** Why it is refused; the chart itself comes where nothing stands here. */
  readonly refused?: string;
}

/** For one download; long, for the machine may be busy with other things. */
const TIMEOUT_MS = 120_000;
/** A host that nobody has; what it would have is at the front. */
const NOWHERE = 'charts.nowhere.invalid';

/** What comes through a mirror, which gets its own credentials. */
function mirroredCases(): readonly Case[] {
  const url = new URL(`https://${NOWHERE}/`);
  const registry = { host: NOWHERE, repository: 'shop', tag: '1.2.3_b', digest: undefined };
  return [
    { name: 'archive by a mirror', from: { url: new URL('shop-1.2.3+b.tgz', url) } },
    { name: 'registry by a mirror', from: { url, oci: registry } },
    {
      name: 'neither mirror nor host has it',
      from: { url: new URL('none.tgz', url) },
      refused: 'ChartNotFound',
    },
  ];
}

/** Charts that helm signed. */
function provenanceCases(origin: string, oci: Case['from'], otherOci: Case['from']): readonly Case[] {
  const entry = { name: 'shop', version: '1.2.3+b' };
  const [more, other] = [{ keyring: openPgp.signer }, { keyring: openPgp.other }];
  const archive = { url: new URL('/charts/shop-1.2.3+b.tgz', origin) };
  return [
    { name: 'provenance beside an archive', from: archive, more },
    { name: 'provenance in a repository', from: { url: new URL(origin), entry }, more },
    { name: 'provenance in a registry', from: oci, more },
    { name: 'provenance of another key', from: oci, more: other, refused: 'BadSignature' },
    { name: 'no provenance in a registry', from: otherOci, more, refused: 'NotSigned' },
    {
      name: 'no provenance beside an archive',
      from: { url: new URL('/charts/other-1.2.3+b.tgz', origin) },
      more,
      refused: 'NotSigned',
    },
  ];
}

function casesAt({ port }: Front): readonly Case[] {
  const origin = `https://localhost:${port}`;
  const oci = (name: string): Case['from'] => {
    const parsed = parseChartUrl(`oci://localhost:${port}/charts/${name}`);
    if (parsed.from !== 'oci') throw new Error('no address of a registry');
    return { url: new URL(origin), oci: { ...parsed.reference, tag: '1.2.3_b' } };
  };
  const entry = { name: 'shop', version: '1.2.3+b' };
  const [signer, other] = [{ cosignKey: KEYS.signer }, { cosignKey: KEYS.other }];
  return [
    { name: 'archive', from: { url: new URL('/charts/shop-1.2.3+b.tgz', origin) } },
    { name: 'private archive', from: { url: new URL('/private/charts/shop-1.2.3+b.tgz', origin) } },
    {
      name: 'private archive, no credentials',
      from: { url: new URL('/private/charts/shop-1.2.3+b.tgz', origin) },
      more: { credentials: undefined },
      refused: 'ChartForbidden',
    },
    {
      name: 'archive, unknown authority',
      from: { url: new URL('/charts/shop-1.2.3+b.tgz', origin) },
      more: { caBundle: undefined },
      refused: 'BadCertificate',
    },
    { name: 'signed archive', from: { url: new URL('/charts/shop-1.2.3+b.tgz', origin) }, more: signer },
    {
      name: 'archive, another key',
      from: { url: new URL('/charts/shop-1.2.3+b.tgz', origin) },
      more: other,
      refused: 'BadSignature',
    },
    {
      name: 'archive, not signed',
      from: { url: new URL('/charts/other-1.2.3+b.tgz', origin) },
      more: signer,
      refused: 'NotSigned',
    },
    { name: 'repository', from: { url: new URL(origin), entry } },
    { name: 'private repository', from: { url: new URL('/private/', origin), entry } },
    { name: 'signed in a repository', from: { url: new URL(origin), entry }, more: signer },
    {
      name: 'repository, no such version',
      from: { url: new URL(origin), entry: { ...entry, version: '9.9.9' } },
      refused: 'ChartNotFound',
    },
    { name: 'registry', from: oci('shop') },
    {
      name: 'registry, no credentials',
      from: oci('shop'),
      more: { credentials: undefined },
      refused: 'ChartForbidden',
    },
    {
      name: 'registry, wrong password',
      from: oci('shop'),
      more: { credentials: { ...USER, password: 'x' } },
      refused: 'ChartForbidden',
    },
    { name: 'registry, nothing there', from: oci('none'), refused: 'ChartNotFound' },
    ...provenanceCases(origin, oci('shop'), oci('other')),
    ...mirroredCases(),
    { name: 'signed in a registry', from: oci('shop'), more: signer },
    { name: 'registry, another key', from: oci('shop'), more: other, refused: 'BadSignature' },
    { name: 'registry, not signed', from: oci('other'), more: signer, refused: 'NotSigned' },
    {
      name: 'registry, another digest',
      from: oci('shop'),
      more: { digest: '0'.repeat(64) },
      refused: 'DigestMismatch',
    },
  ];
}

const openPgp = makeKeys();
const engine = localEngine({ clock: systemClock });
const registry = await startRegistry();
try {
  const archive = await publish(registry.port);
  const front = await startFront(registry.port, join(home, 'files'));
  const fetcher = (more: Partial<ChartSourceSettings>): FetchChart =>
    createChartFetcher(
      { allowHttp: false, allowPrivateHosts: true, ...more },
      {
        clock: systemClock,
        resolve: (host) => lookup(host, { all: true, family: 4 }),
        verify: engine.verify,
        mirrorCredentials: () => Promise.resolve(USER),
      },
    );
  const direct = fetcher({});
  const mirror = new URL(`https://localhost:${front.port}/charts`);
  const mirrors = [{ host: NOWHERE, url: mirror, secretName: 'mirror' }];
  // What a composition says of authorities is for its host alone: the mirror's is the operator's to trust.
  const mirrored = fetcher({ caBundle: front.ca, allowPrivateHosts: false, mirrors });
  const findings = [];
  for (const { name, from, more, refused } of casesAt(front)) {
    const download = { ...from, caBundle: front.ca, credentials: USER, timeoutMs: TIMEOUT_MS, ...more };
    const fetchChart = from.url.host === NOWHERE ? mirrored : direct;
    const found = await fetchChart(download).then(
      (bytes) => (sha256(bytes) === sha256(archive) ? 'the chart' : 'another chart'),
      (error: unknown) => (error instanceof ChartSourceError ? error.code : String(error)),
    );
    const wanted = refused ?? 'the chart';
    findings.push({ name, found, wanted });
    process.stdout.write(
      `${found === wanted ? '✓' : '✗'} ${name}: ${found}${found === wanted ? '' : ` (${wanted})`}\n`,
    );
  }
  front.stop();
  if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify({ findings }, null, 2)}\n`);
  process.exitCode = findings.every(({ found, wanted }) => found === wanted) ? 0 : 1;
} finally {
  await engine.close();
  registry.stop();
  rmSync(home, { recursive: true });
}
