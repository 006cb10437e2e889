import { describe, expect, it } from 'vitest';
import { errorFromAnswer, errorFromStatus } from './api-status.ts';

const answer = (status: number, body: unknown, headers = {}) => ({
  status,
  headers,
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const status = (reason: string, extra = {}) => ({ kind: 'Status', message: 'because', reason, ...extra });

describe('errorFromAnswer', () => {
  it.each([
    [409, 'AlreadyExists', 'AlreadyExists'],
    [409, 'Conflict', 'Conflict'],
    [410, 'Expired', 'Expired'],
    [410, 'Gone', 'Expired'],
    [413, 'RequestEntityTooLarge', 'TooLarge'],
    [504, 'Timeout', 'ServerTimeout'],
    [403, 'SomethingNew', 'Forbidden'],
    [418, 'SomethingNew', 'Unknown'],
  ])('%i with reason %s is %s', (http, reason, code) => {
    expect(errorFromAnswer('get Pod a/b', answer(http, status(reason)))).toMatchObject({
      code,
      status: http,
      message: 'get Pod a/b: because',
    });
  });

  it('keeps the causes', () => {
    const details = { causes: [{ reason: 'FieldValueInvalid', message: 'm', field: 'spec.x' }, 'nonsense'] };

    expect(errorFromAnswer('x', answer(422, status('Invalid', { details }))).causes).toEqual([
      { reason: 'FieldValueInvalid', message: 'm', field: 'spec.x' },
    ]);
  });

  it('takes the refusal of a foreign UID for a conflict, whichever way the server says it', () => {
    const details = {
      causes: [{ reason: 'FieldValueInvalid', message: 'field is immutable', field: 'metadata.uid' }],
    };

    expect(errorFromAnswer('patch ConfigMap a/b', answer(422, status('Invalid', { details })))).toMatchObject(
      {
        code: 'Conflict',
        status: 422,
      },
    );
  });

  it('takes the wait from the header before the body', () => {
    const body = status('TooManyRequests', { details: { retryAfterSeconds: 9 } });

    expect(errorFromAnswer('x', answer(429, body, { 'retry-after': '2' })).retryAfterMs).toBe(2000);
    expect(errorFromAnswer('x', answer(429, body)).retryAfterMs).toBe(9000);
    expect(errorFromAnswer('x', answer(429, body, { 'retry-after': 'Wed, 21 Oct 2026' })).retryAfterMs).toBe(
      9000,
    );
  });

  it('shows the beginning of an answer that is no Status', () => {
    const error = errorFromAnswer('x', answer(502, `<html>${'y'.repeat(1000)}`));

    expect(error.code).toBe('ServiceUnavailable');
    expect(error.message).toMatch(/^x: <html>y+$/);
    expect(error.message.length).toBeLessThan(210);
    expect(errorFromAnswer('x', answer(500, '')).message).toBe('x: HTTP status 500');
  });
});

describe('errorFromStatus', () => {
  it('takes the code of the Status where there is no answer of its own (an ERROR event)', () => {
    expect(errorFromStatus('watch Pod', { kind: 'Status', message: 'too old', code: 410 })).toMatchObject({
      code: 'Expired',
      status: 410,
    });
  });
});
