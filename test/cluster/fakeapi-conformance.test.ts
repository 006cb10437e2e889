import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { createClient } from '../../src/client/http-client.ts';
import { loadAccess } from '../../src/client/load-access.ts';
import { nodeSurroundings } from '../../src/client/surroundings.ts';
import { NAMESPACE } from '../../src/kube/builtin-kinds.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { applyConformance } from '../component/conformance/applying.ts';
import { callOutConformance } from '../component/conformance/call-outs.ts';
import { callOutFailureConformance } from '../component/conformance/call-out-failures.ts';
import { callConformance } from '../component/conformance/calls.ts';
import { failureConformance } from '../component/conformance/failures.ts';
import { lifecycleConformance } from '../component/conformance/lifecycle.ts';
import { listConformance } from '../component/conformance/listing.ts';
import type { Subject } from '../component/conformance/subject.ts';
import { watchConformance } from '../component/conformance/watching.ts';
import { writeConformance } from '../component/conformance/writing.ts';
import { onNode, relayFromNode, type Relay } from './on-node.ts';

/** The cluster of KUBECONFIG, with a namespace of its own for one suite. */
async function realSubject(): Promise<Subject> {
  const access = await loadAccess(
    {},
    nodeSurroundings({ env: process.env, cwd: process.cwd(), clock: systemClock }),
  );
  const client = createClient(access, { clock: systemClock });
  const namespace = `conformance-${randomUUID().slice(0, 8)}`;
  const relays: Relay[] = [];
  await client.create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  return {
    client,
    access,
    namespace,
    forget: compactStore,
    reach: async (server) => {
      const relay = await relayFromNode(server);
      relays.push(relay);
      return relay.url;
    },
    stop: async () => {
      for (const relay of relays) relay.stop();
      await client.delete(NAMESPACE, { name: namespace });
      await client.close();
    },
  };
}

/** Tells etcd itself, through its JSON gateway: the API server does so only every five minutes. */
const COMPACT = `
import { readFileSync } from "node:fs";
import { request } from "node:https";
const read = (name) => readFileSync("/run/tenantry/etc/pki/" + name);
const tls = { ca: read("etcd-ca.crt"), cert: read("apiserver-etcd.crt"), key: read("apiserver-etcd.key") };
const ask = (path, body) => new Promise((resolve, reject) => {
  const call = request("https://127.0.0.1:2379/v3/kv/" + path, { ...tls, method: "POST" }, (answer) => {
    let text = "";
    answer.on("data", (chunk) => (text += chunk)).on("end", () => resolve(JSON.parse(text)));
  });
  call.on("error", reject).end(JSON.stringify(body));
});
const { header } = await ask("range", { key: "AA==" });
await ask("compaction", { revision: header.revision });
`;
const compactStore = async (): Promise<void> =>
  void (await onNode(`exec '${process.execPath}' --input-type=module -e '${COMPACT}'`));

// The same suites as in test/component/fakeapi-conformance.test.ts: what the fake promises, the real server does.
describe('the real API server behaves as the fake one', () => {
  callConformance(realSubject);
  applyConformance(realSubject);
  listConformance(realSubject);
  watchConformance(realSubject);
  writeConformance(realSubject);
  failureConformance(realSubject);
  lifecycleConformance(realSubject);
  callOutConformance(realSubject);
  callOutFailureConformance(realSubject);
});
