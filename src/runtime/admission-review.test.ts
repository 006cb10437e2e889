import { describe, expect, it } from 'vitest';
import { readReview, writeReview } from './admission-review.ts';

const review = (request: unknown): string =>
  JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request });

describe('readReview', () => {
  it('reads what handlers need', () => {
    const object = { apiVersion: 'zoo.dev/v1', kind: 'Pet', metadata: { name: 'rex' } };
    const text = review({
      uid: 'u',
      operation: 'UPDATE',
      kind: { group: 'zoo.dev', version: 'v1', kind: 'Pet' },
      resource: { group: 'zoo.dev', version: 'v1', resource: 'pets' },
      subResource: 'status',
      namespace: 'n',
      name: 'rex',
      userInfo: { username: 'jane', uid: '7', groups: ['g', 3] },
      object,
      oldObject: null,
      dryRun: true,
    });

    expect(readReview(text)).toEqual({
      uid: 'u',
      operation: 'UPDATE',
      group: 'zoo.dev',
      version: 'v1',
      kind: 'Pet',
      resource: 'pets',
      subResource: 'status',
      namespace: 'n',
      name: 'rex',
      user: { username: 'jane', uid: '7', groups: ['g'] },
      object,
      oldObject: undefined,
      dryRun: true,
    });
  });

  it.each([
    ['no JSON', '{'],
    ['no review', '{"kind":"Pod"}'],
    ['another version', '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}'],
    ['no request', review(undefined)],
    ['a null', 'null'],
    ['no uid', review({ operation: 'CREATE' })],
    ['an operation nobody knows', review({ uid: 'u', operation: 'LOOK' })],
  ])('refuses %s', (_name, text) => {
    expect(typeof readReview(text)).toBe('string');
  });
});

describe('writeReview', () => {
  it('joins all findings into one denial, with their fields as causes', () => {
    const answer = writeReview('u', {
      allowed: false,
      findings: [
        { message: 'Old text without a path.' },
        { field: 'spec.a', message: 'spec.a: must be set' },
      ],
    });

    expect(answer.response).toEqual({
      uid: 'u',
      allowed: false,
      status: {
        status: 'Failure',
        code: 403,
        reason: 'Forbidden',
        message: 'Old text without a path.\nspec.a: must be set',
        details: {
          causes: [{ reason: 'FieldValueInvalid', field: 'spec.a', message: 'spec.a: must be set' }],
        },
      },
    });
  });

  it('gives a patch in base64, and warnings', () => {
    const patch = [{ op: 'add' as const, path: '/metadata/labels', value: { ü: '1' } }];
    const { response } = writeReview('u', { allowed: true, patch, warnings: ['w'] });

    expect(response).toMatchObject({ allowed: true, patchType: 'JSONPatch', warnings: ['w'] });
    expect(JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString('utf8'))).toEqual(patch);
  });

  it('says nothing of a patch that is empty', () => {
    expect(writeReview('u', { allowed: true, patch: [] }).response).toEqual({ uid: 'u', allowed: true });
  });
});
