import { leaderMetrics, leaderPod, type OperatorMetrics } from './operator-metrics.ts';
import type { BenchRun } from './bench-run.ts';
import { fourObjects } from './bench-service.ts';
import { cpuPer, findOperatorProcess, readClusterCpu } from './cluster-cpu.ts';
import { createMany, createOneByOne, namesOf, type Created } from './create-many.ts';
import { helmPerSecond } from './helm-installs.ts';
import { startIdleProcess, type Stall } from './idle-process.ts';
import { removeStub, runStub, type StubRun } from './raw-stub.ts';
import { isEvent, recordWrites, type Recording } from './record-writes.ts';
import { median, quantile, type Row } from './row.ts';
import { pause } from './wait-for.ts';

/** Instances under way in the stub; the product's controller works on as many. */
const STUB_IN_FLIGHT = 10;
const HELM_IN_FLIGHT = 8;

/** What the API server takes without Tenantry: measured first, while no operator runs. */
interface Yardsticks {
  readonly recording: Recording;
  readonly single: StubRun;
  readonly many: StubRun;
  readonly stubCpu: string;
  readonly helmPerSecond: number;
}

/** What Tenantry reaches, with its own figures. */
interface Reached {
  readonly singleMs: readonly number[];
  readonly few: OperatorMetrics;
  readonly many: Created;
  readonly cpu: string;
  readonly operator: OperatorMetrics;
  readonly idle: Stall;
}

/** Instances are created, beside the raw stub and a stock helm; leaves as many as the run's sizes say. */
export async function createRows(run: BenchRun): Promise<readonly Row[]> {
  await run.cluster.scale(0);
  const yardsticks = await measureYardsticks(run);
  await run.cluster.scale(2);
  const reached = await measureProduct(run);
  return [
    ...rateRows(run, yardsticks, reached),
    ...writeRows(yardsticks),
    ...singleRows(yardsticks, reached),
    ...stallRows(run, reached),
    memoryRow(run.sizes.few, reached.few, 200),
  ];
}

async function measureYardsticks({ cluster, sizes, service, kind }: BenchRun): Promise<Yardsticks> {
  const { name, operator, kubeconfig } = cluster;
  const recording = await recordWrites(operator, kind, service);
  const singles = namesOf('single-stub-', sizes.single);
  const single = await runStub(operator, kind, recording, { names: singles, inFlight: 1 });
  const stubs = namesOf('stub-', sizes.stub);
  const before = await readClusterCpu(name);
  const many = await runStub(operator, kind, recording, { names: stubs, inFlight: STUB_IN_FLIGHT });
  const stubCpu = cpuPer(sizes.stub, before, await readClusterCpu(name));
  const names = namesOf('helm-', sizes.helm);
  const perSecond = await helmPerSecond(fourObjects('0.1.0'), kubeconfig, {
    names,
    inFlight: HELM_IN_FLIGHT,
  });
  await removeStub(operator, kind, [recording.name, ...singles, ...stubs]);
  return { recording, single, many, stubCpu, helmPerSecond: perSecond };
}

async function measureProduct({ cluster, sizes, kind }: BenchRun): Promise<Reached> {
  const { client, name } = cluster;
  const singleMs = await createOneByOne(client, kind, namesOf('single-', sizes.single));
  await createMany(client, kind, namesOf('i', sizes.few - sizes.single));
  await pause(sizes.restMs);
  const few = await leaderMetrics(client);
  const leader = await leaderPod(client);
  const endIdle = await startIdleProcess(
    leader === undefined ? undefined : await findOperatorProcess(leader),
  );
  const before = await readClusterCpu(name);
  const names = namesOf('i', sizes.instances - sizes.few, sizes.few - sizes.single);
  const many = await createMany(client, kind, names);
  const cpu = cpuPer(names.length, before, await readClusterCpu(name));
  return { singleMs, few, many, cpu, operator: await leaderMetrics(client), idle: await endIdle() };
}

function rateRows({ sizes }: BenchRun, yardsticks: Yardsticks, { many, cpu }: Reached): readonly Row[] {
  const { many: stub, stubCpu, helmPerSecond } = yardsticks;
  const ours = `${many.perSecond.toFixed(1)}/s, each p50 ${median(many.eachMs).toFixed(0)} ms`;
  const created = sizes.instances - sizes.few;
  return [
    {
      what: 'instances/s ÷ raw stub',
      value: many.perSecond / stub.perSecond,
      unit: '×',
      baseline: `ours ${ours}; stub ${stub.perSecond.toFixed(1)}/s, each p50 ${median(stub.eachMs).toFixed(0)} ms`,
      floor: 0.65,
      good: 'above',
      binding: true,
      method: `${created} instances, created 8 at a time, first create to last Applied (${sizes.instances} in all); stub: the recorded writes for ${sizes.stub}, ${STUB_IN_FLIGHT} at a time. CPU ms per instance: ours ${cpu}; stub ${stubCpu}`,
    },
    {
      what: 'instances/s ÷ helm install',
      value: many.perSecond / helmPerSecond,
      unit: '×',
      baseline: `ours ${many.perSecond.toFixed(1)}/s, helm ${helmPerSecond.toFixed(1)}/s`,
      floor: 5,
      good: 'above',
      binding: true,
      method: `helm: the same chart ${sizes.helm} times, ${HELM_IN_FLIGHT} at a time, each into a namespace of its own`,
    },
  ];
}

function writeRows({ recording }: Yardsticks): readonly Row[] {
  const own = recording.writes.filter((write) => !isEvent(write));
  const names = own.map(({ call }) => `${call.verb} ${call.kind.kind}`).join(', ');
  return [
    {
      what: 'own writes per instance',
      value: own.length,
      unit: '',
      baseline: `${recording.writes.length - own.length} events besides`,
      floor: 16,
      good: 'below',
      binding: true,
      method: `recorded on the real API server: ${names}`,
    },
  ];
}

function singleRows({ single }: Yardsticks, { singleMs }: Reached): readonly Row[] {
  const [ours, stub] = [median(singleMs), median(single.eachMs)];
  return [
    {
      what: 'create → Applied, one at a time, ÷ stub',
      value: ours / stub,
      unit: '×',
      baseline: `ours p50 ${ours.toFixed(0)} ms, p99 ${quantile(singleMs, 0.99).toFixed(0)} ms; stub p50 ${stub.toFixed(0)} ms`,
      floor: 2.5,
      good: 'below',
      binding: false,
      method: `p50 of ${singleMs.length} each, one after the other; ours from sending the create to the watch's word`,
    },
  ];
}

function stallRows({ sizes }: BenchRun, { operator, idle }: Reached): readonly Row[] {
  const method = `event loop's delay of the leader while ${sizes.instances - sizes.few} instances are created; an idle Node process with the same share of the processors tells what the machine does to anybody`;
  const beside = `idle process p99 ${idle.p99.toFixed(0)} ms, max ${idle.max.toFixed(0)} ms`;
  const row = { unit: 'ms', baseline: beside, good: 'below', binding: true, method } as const;
  return [
    { ...row, what: 'event-loop stall, p99', value: operator.stallP99Ms, floor: 20 },
    { ...row, what: 'event-loop stall, max', value: operator.stallMaxMs, floor: 100 },
  ];
}

/** Resident memory of the leader some time after the last rendering. */
export function memoryRow(instances: number, { residentMib }: OperatorMetrics, floor: number): Row {
  return {
    what: `operator’s memory, ${instances} instances`,
    value: residentMib,
    unit: 'MiB',
    baseline: '',
    floor,
    good: 'below',
    binding: false,
    method: 'resident set of the leader when no worker thread is left',
  };
}
