import { randomUUID } from 'node:crypto';
import { createServer } from 'node:https';
import type { IncomingMessage } from 'node:http';
import {
  CONFIG_MAP,
  MUTATING_WEBHOOK_CONFIGURATION,
  VALIDATING_WEBHOOK_CONFIGURATION,
  type ConfigMap,
} from '../../../src/kube/builtin-kinds.ts';
import { apiVersionOf, type Kind } from '../../../src/kube/kind.ts';
import type { AnyObject } from '../../../src/kube/object.ts';
import { createAuthority, issue } from '../../../src/pki/certificate.ts';
import { configMap, eventually, type Subject } from './subject.ts';

type Phase = 'mutating' | 'validating';

/** What an API server sends in a review, as far as the cases look at it. */
export interface Review {
  readonly uid: string;
  readonly operation: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly subResource?: string;
  readonly dryRun?: boolean;
  readonly kind: object;
  readonly resource: object;
  readonly userInfo: { readonly username: string };
  readonly object: Reviewed | null;
  readonly oldObject: Reviewed | null;
}

interface Reviewed {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** One question that came: which webhook, about what, and with which time limit. */
export interface Question {
  readonly hook: string;
  readonly review: Review;
  readonly timeout: string | null;
}

/** What a webhook answers: fields of a review's response, or a bare HTTP answer; never, if the promise does not end. */
export type Reply = (review: Review) => object | HttpReply | Promise<object>;

/** An answer that is no review. */
export interface HttpReply {
  readonly httpStatus: number;
  readonly text: string;
  /** Media type; plain text, as our own server has it, if absent. */
  readonly type?: string;
}

/** One webhook of a case. */
export interface Wanted {
  readonly phase: Phase;
  readonly name: string;
  readonly reply?: Reply;
  /** Fields of the webhook beside name, rules, address and selectors, or in their place. */
  readonly more?: object;
  /** Gives the configuration its place among the others of its phase. */
  readonly configuration?: string;
}

/** The webhooks of a suite, in this process: what they were asked, and what they answer. */
export interface WebhookHost {
  /** Has webhooks asked about objects labelled for the case; ready when the API server heeds them. Answers what they are asked. */
  listen(about: string, wanted: readonly Wanted[]): Promise<readonly Question[]>;
  /** The address of a webhook. */
  urlOf(hook: string): string;
  /** A ConfigMap that the webhooks of a case are asked about. */
  map(about: string, name: string, data?: Record<string, string>): ConfigMap;
  /** Takes the webhooks away again. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Label that says which case an object belongs to: cases do not hear of each other's. */
export const ABOUT = 'conformance.tenantry.dev/case';
/** Objects by which the suite sees whether its webhooks are heeded yet. */
const PROBE = 'probe-';
/** True: what is written here has the fields of its kind. */
const KINDS = {
  mutating: MUTATING_WEBHOOK_CONFIGURATION as Kind as Kind<AnyObject>,
  validating: VALIDATING_WEBHOOK_CONFIGURATION as Kind as Kind<AnyObject>,
};

/** Starts it where the server under test can call it. */
export async function startWebhookHost(subject: Subject): Promise<WebhookHost> {
  const { client, namespace } = subject;
  const questions: Question[] = [];
  const replies = new Map<string, Reply>();
  const authority = await createAuthority({
    commonName: 'conformance-authority',
    notBefore: Date.now(),
    days: 1,
  });
  const certificate = await issue(authority, {
    commonName: 'conformance',
    ipAddresses: ['127.0.0.1'],
    usages: ['server'],
    notBefore: Date.now(),
    days: 1,
  });
  const server = createServer(certificate, (request, response) => {
    void answer(request, questions, replies).then(({ httpStatus, text, type = 'text/plain' }) => {
      response.writeHead(httpStatus, { 'content-type': type });
      response.end(text);
    });
  });
  const url = await subject.reach(server);
  const caBundle = Buffer.from(authority.cert).toString('base64');
  const made: { phase: Phase; name: string }[] = [];

  const configure = async (about: string, phase: Phase, hooks: readonly Wanted[]): Promise<void> => {
    const name = `${namespace}-${hooks[0]?.configuration ?? phase}-${about}`;
    const canary: Wanted = { phase, name: `canary-${phase}-${name}` };
    const webhooks = [canary, ...hooks].map(({ name: hook, more }) => ({
      name: `${hook}.conformance.dev`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      timeoutSeconds: 5,
      clientConfig: { url: `${url}/${hook}`, caBundle },
      rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: operations(phase), resources: ['*'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      objectSelector: { matchLabels: { [ABOUT]: about } },
      ...more,
    }));
    made.push({ phase, name });
    const kind = KINDS[phase];
    const configuration = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name }, webhooks };
    await client.create(kind, configuration);
    await eventually(async () => {
      const probe = host.map(about, `${PROBE}${randomUUID()}`);
      // Other webhooks of the case may fail it: that they are asked is enough.
      await client.create(CONFIG_MAP, probe, { dryRun: true }).catch(() => undefined);
      return questions.find(({ hook }) => hook === canary.name);
    });
  };
  const host: WebhookHost = {
    listen: async (about, wanted) => {
      for (const { name, reply } of wanted) replies.set(name, reply ?? (() => ({ allowed: true })));
      for (const phase of ['mutating', 'validating'] as const) {
        const hooks = wanted.filter((hook) => hook.phase === phase);
        for (const configuration of new Set(hooks.map((hook) => hook.configuration)))
          await configure(
            about,
            phase,
            hooks.filter((hook) => hook.configuration === configuration),
          );
      }
      questions.length = 0;
      return questions;
    },
    urlOf: (hook) => `${url}/${hook}`,
    map: (about, name, data = {}) => {
      const plain = configMap(namespace, name, data);
      return { ...plain, metadata: { ...plain.metadata, labels: { [ABOUT]: about } } };
    },
    reset: async () => {
      for (const { phase, name } of made.splice(0)) await client.delete(KINDS[phase], { name });
    },
    close: async () => {
      await host.reset();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
  return host;
}

/** No mutating webhook is asked for deletions. */
const operations = (phase: Phase): string[] =>
  phase === 'mutating' ? ['CREATE', 'UPDATE'] : ['CREATE', 'UPDATE', 'DELETE'];

async function answer(
  request: IncomingMessage,
  questions: Question[],
  replies: ReadonlyMap<string, Reply>,
): Promise<HttpReply> {
  const url = new URL(request.url ?? '/', 'https://host');
  const hook = url.pathname.slice(1);
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk); // true: no encoding is set on it
  const { request: review } = JSON.parse(Buffer.concat(chunks).toString()) as { request: Review }; // true: API servers send reviews
  const name = review.object?.metadata.name ?? review.name ?? '';
  const probing = name.startsWith(PROBE);
  if (!probing || hook.startsWith('canary-'))
    questions.push({ hook, review, timeout: url.searchParams.get('timeout') });
  const reply = probing ? undefined : replies.get(hook);
  const said = (await reply?.(review)) ?? { allowed: true };
  if ('httpStatus' in said && 'text' in said) return said as HttpReply; // true: it has both fields
  const response = { uid: review.uid, ...said };
  const text = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response });
  return { httpStatus: 200, text, type: 'application/json' };
}

/** What a mutating webhook answers that patches. */
export const patching = (...operations: object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
