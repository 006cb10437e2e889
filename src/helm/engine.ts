import { readFile } from 'node:fs/promises';
import type { Clock } from '../lib/clock.ts';
import { sha256 } from '../lib/hash.ts';
import { ArchiveError, openChart, packChart } from './archive.ts';
import { createByteCache, type ByteCache } from './byte-cache.ts';
import { ENGINE_LIMITS, type EngineLimits } from './engine-limits.ts';
import type { WasmReply, WasmRequest } from './engine-protocol.ts';
import { templateFailure, valuesFailure } from './failure-text.ts';
import type { ProvenanceReply, ProvenanceRequest, VerifyProvenance } from './provenance.ts';
import { RenderError, type ChartInfo, type Engine, type Rendering, type RenderRequest } from './rendering.ts';
import { WorkerPool, type PoolStats } from './worker-pool.ts';
import { withMemoryLimit } from './wasm-memory.ts';
import { compileWasm } from './webassembly.ts';
import { canonicalJson } from '../lib/canonical-json.ts';

/** What an engine is made of. */
export interface EngineOptions {
  /** `helm-engine.wasm`: its bytes, or the file to read when the first chart comes. */
  readonly wasm: string | Uint8Array;
  /** The bundled worker, plain JavaScript (`dist/helm-worker.mjs`). */
  readonly workerUrl: URL;
  readonly clock: Clock;
  /** Most workers at a time: the number of cores. */
  readonly maxWorkers: number;
  /** Fetches an archive that was not given by `load`, or that the engine has forgotten; fails if there is none. */
  readonly fetchArchive?: (digest: string) => Promise<Uint8Array>;
  readonly limits?: Partial<EngineLimits>;
}

/** Counts for metrics. */
interface EngineStats extends PoolStats {
  readonly renderings: number;
  /** Renderings that were answered without Helm. */
  readonly cached: number;
}

/** The engine with what its owner may look at. */
export interface HelmEngine extends Engine {
  readonly verify: VerifyProvenance;
  stats(): EngineStats;
}

/** A chart that was checked: packed anew for the workers, which must not see the bytes that came from outside. */
interface Checked {
  readonly archive: Uint8Array;
}

interface State {
  readonly options: EngineOptions;
  readonly limits: EngineLimits;
  readonly charts: ByteCache<Checked>;
  readonly renderings: ByteCache<Rendering>;
  /** Started with the first request: a program that renders nothing does not read 27 MB. */
  pool: Promise<WorkerPool> | undefined;
  /** For questions about numbers, which cannot wait. */
  running: WorkerPool | undefined;
  closed: boolean;
  rendered: number;
  cached: number;
}

/** Gzip level 1: the archive is unpacked again at once, in this process. */
const FAST = 1;

/** An engine without workers; they come with the first request. Close it to end them. */
export function createEngine(options: EngineOptions): HelmEngine {
  const limits = { ...ENGINE_LIMITS, ...options.limits };
  const state: State = {
    options,
    limits,
    charts: createByteCache(limits.archiveBytes),
    renderings: createByteCache(limits.renderingBytes),
    pool: undefined,
    running: undefined,
    closed: false,
    rendered: 0,
    cached: 0,
  };
  return {
    load: (digest, archive) => load(state, digest, archive),
    render: (request) => render(state, request),
    verify: (archive, request) => verify(state, archive, request),
    close: async () => {
      state.closed = true;
      await (await state.pool)?.close();
    },
    stats: () => ({
      ...(state.running?.stats() ?? { workers: 0, waiting: 0, killed: 0 }),
      renderings: state.rendered,
      cached: state.cached,
    }),
  };
}

async function load(state: State, digest: string, archive: Uint8Array): Promise<ChartInfo> {
  const checked = await check(state, digest, () => Promise.resolve(archive));
  const pool = await poolOf(state);
  const { reply } = await pool.run((worker) => worker.load(digest, checked.archive));
  if (reply.chart === undefined) throw failureOf(reply);
  const { size: _size, ...info } = reply.chart;
  // Go leaves the key out where the chart has no schema.
  return { ...info, valuesSchema: info.valuesSchema };
}

async function render(state: State, request: RenderRequest): Promise<Rendering> {
  const body = bodyOf(request);
  const key = keyOf(request.digest, body);
  state.rendered++;
  const kept = state.renderings.get(key);
  if (kept !== undefined) {
    state.cached++;
    return kept;
  }
  const pool = await poolOf(state);
  // Before a worker is taken: a slow source of charts must not keep others from rendering.
  const { archive } = await check(state, request.digest, () => fetchArchive(state, request.digest));
  const { reply, bytes } = await pool.run(
    (worker) =>
      worker.render(request.digest, archive, { body, lookup: request.lookup, signal: request.signal }),
    request.signal,
  );
  if (reply.rendering === undefined) throw failureOf(reply);
  if (reply.rendering.volatile.length === 0) state.renderings.set(key, reply.rendering, bytes);
  return reply.rendering;
}

async function verify(
  state: State,
  archive: Uint8Array,
  request: ProvenanceRequest,
): Promise<ProvenanceReply> {
  const pool = await poolOf(state);
  const { reply } = await pool.run((worker) => worker.verify(request, archive));
  if (reply.provenance === undefined) throw failureOf(reply);
  return reply.provenance;
}

/** The checked form of an archive, from the cache or by checking what `get` brings. */
async function check(state: State, digest: string, get: () => Promise<Uint8Array>): Promise<Checked> {
  const kept = state.charts.get(digest);
  if (kept !== undefined) return kept;
  const bytes = await get();
  const found = sha256(bytes);
  if (found !== digest)
    throw new RenderError(
      'ChartInvalid',
      `the chart archive has the digest ${found}, expected was ${digest}: it was changed since it was registered`,
    );
  try {
    const { folder, files } = await openChart(bytes);
    const checked = { archive: packChart(folder, files, FAST) };
    state.charts.set(digest, checked, checked.archive.length);
    return checked;
  } catch (error) {
    if (error instanceof ArchiveError) throw new RenderError('ChartInvalid', error.message, { cause: error });
    throw error;
  }
}

async function fetchArchive({ options }: State, digest: string): Promise<Uint8Array> {
  if (options.fetchArchive === undefined)
    throw new RenderError('ChartInvalid', `the chart ${digest} is not known: load it before it is rendered`);
  return options.fetchArchive(digest);
}

function poolOf(state: State): Promise<WorkerPool> {
  if (state.closed) return Promise.reject(new RenderError('Cancelled', 'the Helm engine is closed'));
  if (state.pool !== undefined) return state.pool;
  const started = startPool(state).then((pool) => {
    state.running = pool;
    return pool;
  });
  state.pool = started;
  // A file that could not be read may be there the next time.
  started.catch(() => {
    state.pool = undefined;
  });
  return started;
}

async function startPool({ options, limits }: State): Promise<WorkerPool> {
  const wasm = typeof options.wasm === 'string' ? await readFile(options.wasm) : options.wasm;
  const module = await compileWasm(withMemoryLimit(wasm, limits.memoryBytes));
  return new WorkerPool(
    { module, workerUrl: options.workerUrl, clock: options.clock, limits },
    options.maxWorkers,
  );
}

function bodyOf({ release, values, capabilities }: RenderRequest): WasmRequest {
  return {
    name: release.name,
    namespace: release.namespace,
    revision: release.revision,
    isUpgrade: release.isUpgrade,
    values,
    kubeVersion: capabilities.kubeVersion,
    apiVersions: capabilities.apiVersions,
  };
}

/** Two requests with this key get the same rendering, unless the templates used a volatile function. */
function keyOf(digest: string, body: WasmRequest): string {
  return sha256(`${digest}\n${canonicalJson({ ...body, apiVersions: fingerprintOf(body.apiVersions) })}`);
}

/** Fingerprints by list: discovery gives the same one, of hundreds of names, until the API server serves something else. */
const fingerprints = new WeakMap<readonly string[], string>();

function fingerprintOf(apiVersions: readonly string[]): string {
  const known = fingerprints.get(apiVersions);
  if (known !== undefined) return known;
  const fingerprint = sha256(apiVersions.toSorted().join('\n'));
  fingerprints.set(apiVersions, fingerprint);
  return fingerprint;
}

function failureOf({ error }: WasmReply): RenderError {
  if (error === undefined)
    return new RenderError('TemplateFailed', 'Helm answered neither a result nor an error');
  const text = error.code === 'ValuesInvalid' ? valuesFailure(error.message) : templateFailure(error.message);
  return new RenderError(error.code, text);
}
