import { request } from 'node:https';
import type { AdmissionRequest } from '../../src/runtime/admission.ts';
import { isMap, listAt, mapAt, stringAt, type JsonMap } from './json.ts';
import type { AdmissionPhase, Hook } from './webhook-hooks.ts';

/** What a webhook said. */
export interface HookAnswer {
  readonly allowed: boolean;
  /** meta/v1 Status of a denial. */
  readonly status: JsonMap;
  /** Operations of a JSON patch. */
  readonly patch: readonly unknown[];
  readonly warnings: readonly string[];
}

/** The webhook gave no answer that counts; the message says why, in the server's words where code reads them. */
export class HookFailure extends Error {
  override readonly name = 'HookFailure';
}

/** Asks one webhook over the wire. Throws HookFailure. */
export async function callHook(
  hook: Hook,
  phase: AdmissionPhase,
  review: AdmissionRequest,
): Promise<HookAnswer> {
  const answer = await post(hook, JSON.stringify(reviewOf(review)));
  if (answer.status < 200 || answer.status > 299)
    throw new HookFailure(`failed to call webhook: ${httpFailure(answer)}`);
  return verify(parse(answer.text), phase, review.uid);
}

/** admission/v1 AdmissionReview with a request. */
function reviewOf({ group, version, kind, resource, subResource, user, ...rest }: AdmissionRequest): object {
  const { object = null, oldObject = null } = rest;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      ...rest,
      kind: { group, version, kind },
      resource: { group, version, resource },
      ...(subResource === '' ? {} : { subResource }),
      userInfo: user,
      object,
      oldObject,
    },
  };
}

interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  readonly isText: boolean;
}

function post(hook: Hook, body: string): Promise<HttpAnswer> {
  const url = `${hook.url}?timeout=${hook.timeoutSeconds}s`;
  const signal = AbortSignal.timeout(hook.timeoutSeconds * 1000);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const reason = signal.aborted ? 'context deadline exceeded' : error.message;
      reject(new HookFailure(`failed to call webhook: Post "${url}": ${reason}`));
    };
    const headers = { 'content-type': 'application/json' };
    const call = request(url, { method: 'POST', ca: hook.ca, headers, signal, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', fail);
      const isText = (response.headers['content-type'] ?? '').startsWith('text/');
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, isText }));
    });
    call.on('error', fail);
    call.end(body);
  });
}

/** As client-go words an HTTP failure that is no Status. It repeats nothing but plain text. */
function httpFailure({ status, text, isText }: HttpAnswer): string {
  if (status === 400) return 'the server rejected our request for an unknown reason';
  if (status === 404) return 'the server could not find the requested resource';
  if (status === 503) return 'the server is currently unable to handle the request';
  return status >= 500
    ? `an error on the server (${JSON.stringify(isText ? text.trim() : 'unknown')}) has prevented the request from succeeding`
    : `the server responded with the status code ${status} but did not return more information`;
}

function parse(text: string): JsonMap {
  try {
    const parsed: unknown = JSON.parse(text);
    return isMap(parsed) ? parsed : {};
  } catch {
    throw new HookFailure("failed to call webhook: couldn't get version/kind; json parse error");
  }
}

function verify(review: JsonMap, phase: AdmissionPhase, uid: string): HookAnswer {
  const bad = (why: string): HookFailure => new HookFailure(`received invalid webhook response: ${why}`);
  const response = review['response'];
  if (!isMap(response)) throw bad('webhook response was absent');
  if (response['uid'] !== uid)
    throw bad(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response['uid'] ?? '')}`);
  const patch = stringAt(response, 'patch');
  const patchType = stringAt(response, 'patchType');
  if (phase === 'validating' && patch !== undefined)
    throw bad('validating webhook may not return response.patch');
  if (phase === 'mutating' && patch !== undefined && patchType === undefined)
    throw bad('webhook returned response.patch but not response.patchType');
  const operations: unknown =
    patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString('utf8'));
  return {
    allowed: response['allowed'] === true,
    status: mapAt(response, 'status'),
    patch: Array.isArray(operations) ? operations : [],
    warnings: listAt(response, 'warnings').map(String),
  };
}
