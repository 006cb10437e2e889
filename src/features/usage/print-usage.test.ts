import { describe, expect, it } from 'vitest';
import type { Usage } from './measure-usage.ts';
import { printUsage } from './print-usage.ts';

const usage: Usage = {
  pods: 2,
  containers: 3,
  nodes: 1,
  notRunningPods: 0,
  restarts: 4,
  oomKills: 5,
  cpuMillicores: 12.34567,
  cpuSeconds: 90.5,
  memoryBytes: 3 * 2 ** 19,
  receivedBytes: 1234,
  transmittedBytes: 5678,
  storageBytes: 500 * 2 ** 20,
  storageUsedBytes: 2 ** 29,
  ephemeralBytes: 0,
  perPod: [
    { name: 'web-1.a', cpuMillicores: 12, memoryBytes: 2 ** 20 },
    { name: '9-late', cpuMillicores: undefined, memoryBytes: 2 ** 19 },
  ],
  unmeasuredPods: [],
  unmeasuredClaims: [],
};
const measured = {
  kind: 'ShopService',
  name: 'shop1',
  account: 'jo',
  usage,
  application: [],
  at: 1_700_000_000_000,
};
const unknown = {
  ...measured,
  usage: {
    ...usage,
    cpuMillicores: undefined,
    receivedBytes: undefined,
    storageBytes: undefined,
    perPod: [],
  },
};

describe('printUsage', () => {
  it('writes KubePlus’s JSON: one line, its keys first and in its order, all texts', () => {
    expect(printUsage('json', measured)).toBe(
      '{"accountidentity":"jo","subresources":"-","pods":"2","containers":"3","nodes":"1","cpu":"12.346 m",' +
        '"memory":"1.5 Mi","storage":"0.488 Gi","networkReceiveBytes":"1234 bytes",' +
        '"networkTransmitBytes":"5678 bytes","notRunningPods":"0","oom_events":"5","restarts":"4",' +
        '"cpuTime":"90.5 s","storageUsed":"0.5 Gi","ephemeralStorageUsed":"0 Mi"}\n',
    );
  });

  it('writes samples that Prometheus takes', () => {
    const lines = printUsage('prometheus', measured).split('\n');

    expect(lines.slice(0, 9)).toEqual([
      'cpu{custom_resource="shopservice-shop1"} 12.34567 1700000000000',
      'memory{custom_resource="shopservice-shop1"} 1.5 1700000000000',
      'storage{custom_resource="shopservice-shop1"} 0.48828125 1700000000000',
      'pods{custom_resource="shopservice-shop1"} 2 1700000000000',
      'containers{custom_resource="shopservice-shop1"} 3 1700000000000',
      'network_receive_bytes_total{custom_resource="shopservice-shop1"} 1234 1700000000000',
      'network_transmit_bytes_total{custom_resource="shopservice-shop1"} 5678 1700000000000',
      'not_running_pods{custom_resource="shopservice-shop1"} 0 1700000000000',
      'oom_events{custom_resource="shopservice-shop1"} 5 1700000000000',
    ]);
    expect(lines.slice(-4)).toEqual([
      'web_1_a_cpu{custom_resource="shopservice-shop1",pod="web-1.a"} 12 1700000000000',
      'web_1_a_memory{custom_resource="shopservice-shop1",pod="web-1.a"} 1 1700000000000',
      '_9_late_memory{custom_resource="shopservice-shop1",pod="9-late"} 0.5 1700000000000',
      '',
    ]);
    for (const line of lines.slice(0, -1)) expect(line).toMatch(/^[A-Za-z_]\w*\{[^{}]+\} \d+(?:\.\d+)? \d+$/);
  });

  it('puts metrics of the application behind the others, in its own words for people', () => {
    const application = [{ name: 'hello_requests_total', help: 'Greetings sent', value: 12 }];
    const told = { ...measured, application };

    expect(JSON.parse(printUsage('json', told))).toMatchObject({ hello_requests_total: '12' });
    expect(printUsage('prometheus', told)).toMatch(
      /\nhello_requests_total\{custom_resource="shopservice-shop1"\} 12 1700000000000\n$/,
    );
    expect(printUsage('pretty', told)).toContain('\nCustom application metrics:\n    Greetings sent: 12\n');
  });

  it('writes lines for people', () => {
    const text = printUsage('pretty', measured);

    expect(text).toMatch(/^-{58} \nKubernetes Resources created:\n {4}Number of Sub-resources: -\n/);
    expect(text).toContain(
      '\n    Number of Pods: 2\n        Number of Containers: 3\n        Number of Nodes: 1\n        Number of Not Running Pods: 0\n',
    );
    expect(text).toContain(
      '\nUnderlying Physical Resoures consumed:\n    Total CPU(cores): 12.346m\n    Total MEMORY(bytes): 1.5Mi\n    Total Storage(bytes): 0.488Gi\n',
    );
    expect(text).toContain(
      '\n    Total Network bytes received: 1234\n    Total Network bytes transferred: 5678\n',
    );
  });

  it('never shows as 0 what is not known', () => {
    expect(printUsage('pretty', unknown)).toContain('Total CPU(cores): unknown\n');
    expect(JSON.parse(printUsage('json', unknown))).toMatchObject({
      cpu: 'unknown',
      storage: 'unknown',
      networkReceiveBytes: 'unknown',
    });
    expect(printUsage('prometheus', unknown)).not.toMatch(/^(?:cpu|storage|network_receive_bytes_total)\{/m);
  });
});
