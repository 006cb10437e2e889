import { describe } from 'vitest';
import { startFakeApi } from '../fakeapi/fake-api.ts';
import { callConformance } from './conformance/calls.ts';
import type { Subject } from './conformance/subject.ts';

async function fakeSubject(): Promise<Subject> {
  const api = await startFakeApi({ namespaces: ['conformance'] });
  return { client: api.client(), namespace: 'conformance', stop: () => api.close() };
}

// The same suites run against a real API server in test/cluster/fakeapi-conformance.test.ts.
describe('the fake API server behaves as the real one', () => {
  callConformance(fakeSubject);
});
