import { describe, expect, it } from 'vitest';
import { KubeError } from '../kube/kube-error.ts';
import { UserError } from './cli-io.ts';
import { explainError } from './explain-error.ts';

describe('explainError', () => {
  const cases: readonly [string, unknown, RegExp, RegExp][] = [
    [
      'a user error says its own remedy',
      new UserError('no such file', 'Name one.'),
      /^no such file$/,
      /^Name one\.$/,
    ],
    [
      'no cluster points at the kubeconfig',
      new KubeError('Network', 'get Pod: refused'),
      /refused/,
      /kubeconfig/,
    ],
    [
      'a certificate that nobody vouches for points at the CA',
      new KubeError('Network', 'GET /version: unable to verify the first certificate'),
      /certificate/,
      /certificate-authority/,
    ],
    [
      'no rights points at the owner',
      new KubeError('Forbidden', 'create x: forbidden'),
      /forbidden/,
      /right/,
    ],
    [
      'an error with a remedy of its own keeps it',
      Object.assign(new Error('no Go'), { remedy: 'apt' }),
      /no Go/,
      /^apt$/,
    ],
    ['anything else asks for a report', new Error('boom'), /boom/, /TENANTRY_DEBUG/],
    ['a thrown string is printed as it is', 'boom', /^boom$/, /report/],
  ];
  it.each(cases)('%s', (_name, error, message, remedy) => {
    const explained = explainError(error);

    expect(explained.message).toMatch(message);
    expect(explained.remedy).toMatch(remedy);
  });
});
