import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTransport } from '../../src/client/transport.ts';
import { CRD, NAMESPACE, type CustomResourceDefinition } from '../../src/kube/builtin-kinds.ts';
import { startFakeApi, type FakeApi } from '../fakeapi/fake-api.ts';
import type { ApiRequest } from '../../src/client/api-request.ts';

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi({ namespaces: ['ns'] });
  await api.client().create(NAMESPACE, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'more' } });
});
afterEach(() => api.close());

type Method = ApiRequest['method'];
const MAPS = '/api/v1/namespaces/ns/configmaps';
const MAP = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'ns' } };

/** The answer to a request that no client of ours would make. */
async function send(
  method: Method,
  path: string,
  { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; text: string }> {
  const transport = createTransport(api.access(), { userAgent: 'test' });
  const content: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const request: ApiRequest = {
    method,
    path,
    headers: { accept: 'application/json', ...content, ...headers },
    ...sent,
    what: path,
    repeatable: false,
    maxBytes: 1_000_000,
  };
  try {
    return await transport.send(request, undefined, {});
  } finally {
    await transport.close();
  }
}

/** A definition of pets with something in it that a test adds. */
function definition(version: object, schema: object, spec: object = {}): object {
  const openAPIV3Schema = { type: 'object', properties: { spec: { type: 'object', ...schema } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'pets.example.org' },
    spec: {
      group: 'example.org',
      scope: 'Namespaced',
      names: { kind: 'Pet', plural: 'pets' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, ...version }],
      ...spec,
    },
  };
}

describe('what the fake API server can not do', () => {
  it('makes its end fail, so that the test that met it fails', async () => {
    const other = await startFakeApi();
    await expect(other.client().raw({ method: 'GET', path: '/openapi/v3' })).rejects.toMatchObject({
      status: 501,
    });

    await expect(other.close()).rejects.toThrow(/can't do:\nGET \/openapi\/v3/);
  });

  it.each<[string, Method, string, Parameters<typeof send>[2]?]>([
    ['a path nobody serves', 'GET', '/metrics'],
    ['a method nobody uses', 'DELETE', MAPS],
    ['a parameter of a read', 'GET', `${MAPS}/a?pretty=true`],
    ['a get at a version', 'GET', `${MAPS}/a?resourceVersion=5`],
    ['a parameter of a list', 'GET', `${MAPS}?timeoutSeconds=5`],
    ['a parameter given twice', 'GET', `${MAPS}?limit=5&limit=6`],
    ['a list by version and limit without a match', 'GET', `${MAPS}?resourceVersion=1001&limit=5`],
    ['a watch spelled otherwise', 'GET', `${MAPS}?watch=1`],
    ['a watch of one object by its path', 'GET', `${MAPS}/a?watch=true`],
    [
      'a streaming list from a version',
      'GET',
      `${MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=1001`,
    ],
    ['a parameter of a write', 'POST', `${MAPS}?overwrite=true`, { body: MAP }],
    ['a deletion by parameters', 'DELETE', `${MAPS}/a?propagationPolicy=Orphan`],
    ['a deletion by other options', 'DELETE', `${MAPS}/a`, { body: { orphanDependents: true } }],
    ['strict fields of a built-in kind', 'POST', `${MAPS}?fieldValidation=Strict`, { body: MAP }],
    ['a table', 'GET', MAPS, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }],
    ['protobuf', 'GET', MAPS, { headers: { accept: 'application/vnd.kubernetes.protobuf' } }],
    [
      'a body in YAML',
      'POST',
      MAPS,
      { body: 'kind: ConfigMap', headers: { 'content-type': 'application/yaml' } },
    ],
    [
      'an apply in YAML',
      'PATCH',
      `${MAPS}/a?fieldManager=me`,
      {
        body: 'kind: ConfigMap',
        headers: { 'content-type': 'application/apply-patch+yaml' },
      },
    ],
    [
      'groups to impersonate',
      'GET',
      MAPS,
      { headers: { 'impersonate-user': 'a', 'impersonate-group': 'b' } },
    ],
    ['eviction', 'POST', '/api/v1/namespaces/ns/pods/a/eviction', { body: {} }],
    ['scale', 'GET', '/apis/apps/v1/namespaces/ns/deployments/a/scale'],
    ['parameters of logs', 'GET', '/api/v1/namespaces/ns/pods/a/log?sinceSeconds=5'],
    [
      'directives of strategic patches',
      'PATCH',
      '/api/v1/namespaces/more',
      {
        body: { metadata: { $retainKeys: ['labels'] } },
        headers: { 'content-type': 'application/strategic-merge-patch+json' },
      },
    ],
    ['a review nobody knows', 'POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { body: {} }],
    [
      'a quota',
      'POST',
      '/api/v1/namespaces/ns/resourcequotas',
      {
        body: { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'ns' } },
      },
    ],
    ...(
      [
        ['behind a Service', 'Validating', { clientConfig: { service: { name: 'w', namespace: 'ns' } } }],
        ['that is asked again', 'Mutating', { reinvocationPolicy: 'IfNeeded' }],
        ['that matches exactly', 'Validating', { matchPolicy: 'Exact' }],
        ['with side effects', 'Validating', { sideEffects: 'Some' }],
        ['that may change deletions', 'Mutating', { rules: [{ operations: ['*'] }] }],
        ['with a condition nobody wrote down', 'Validating', { matchConditions: [{ expression: 'true' }] }],
      ] as const
    ).map(([what, phase, more]): [string, Method, string, Parameters<typeof send>[2]] => [
      `a webhook ${what}`,
      'POST',
      `/apis/admissionregistration.k8s.io/v1/${phase.toLowerCase()}webhookconfigurations`,
      {
        body: {
          apiVersion: 'admissionregistration.k8s.io/v1',
          kind: `${phase}WebhookConfiguration`,
          metadata: { name: 'w' },
          webhooks: [{ sideEffects: 'None', clientConfig: { url: 'https://127.0.0.1:1/' }, ...more }],
        },
      },
    ]),
  ])('is refused and remembered: %s', async (_what, method, path, more) => {
    const answer = await send(method, path, more);

    expect(answer.status).toBe(501);
    expect(answer.text).toContain("the fake API server can't do this");
    expect(api.takeRefusals()).toHaveLength(1);
  });

  it.each<[string, object]>([
    ['CEL rules', definition({}, { 'x-kubernetes-validations': [{ rule: 'true' }] })],
    ['formats a server checks', definition({}, { properties: { a: { type: 'string', format: 'ipv4' } } })],
    ['embedded objects', definition({}, { 'x-kubernetes-embedded-resource': true })],
    ['selectable fields', definition({ selectableFields: [{ jsonPath: '.spec.a' }] }, {})],
    ['scaling', definition({ subresources: { scale: {} } }, {})],
    ['conversion', definition({}, {}, { conversion: { strategy: 'Webhook' } })],
  ])('is refused in a definition: %s', async (_what, body) => {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    expect((await send('POST', path, { body })).status).toBe(501);
    expect(api.takeRefusals()).toHaveLength(1);
  });

  it('is stored where the test says that it knows', async () => {
    const knowing = await startFakeApi({ unenforced: ['CEL rules'] });
    const body = definition({}, { 'x-kubernetes-validations': [{ rule: 'true' }] });

    // True: it is a definition.
    await knowing.client().create(CRD, body as CustomResourceDefinition);

    expect(knowing.objects(CRD)).toHaveLength(1);
    await knowing.close();
  });
});
