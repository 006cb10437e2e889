import type { AddressInfo } from 'node:net';
import { describe } from 'vitest';
import { startFakeApi } from '../fakeapi/fake-api.ts';
import { applyConformance } from './conformance/applying.ts';
import { callOutConformance } from './conformance/call-outs.ts';
import { callOutFailureConformance } from './conformance/call-out-failures.ts';
import { callConformance } from './conformance/calls.ts';
import { failureConformance } from './conformance/failures.ts';
import { lifecycleConformance } from './conformance/lifecycle.ts';
import { listConformance } from './conformance/listing.ts';
import type { Subject } from './conformance/subject.ts';
import { watchConformance } from './conformance/watching.ts';
import { writeConformance } from './conformance/writing.ts';

async function fakeSubject(): Promise<Subject> {
  const api = await startFakeApi({ namespaces: ['conformance'] });
  return {
    client: api.client(),
    access: api.access(),
    namespace: 'conformance',
    forget: () => Promise.resolve(api.compact()),
    reach: async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo; // true: it listens on TCP
      return `https://127.0.0.1:${port}`;
    },
    stop: () => api.close(),
  };
}

// The same suites run against a real API server in test/cluster/fakeapi-conformance.test.ts.
describe('the fake API server behaves as the real one', () => {
  callConformance(fakeSubject);
  applyConformance(fakeSubject);
  listConformance(fakeSubject);
  watchConformance(fakeSubject);
  writeConformance(fakeSubject);
  failureConformance(fakeSubject);
  lifecycleConformance(fakeSubject);
  callOutConformance(fakeSubject);
  callOutFailureConformance(fakeSubject);
});
