import { describe, expect, it } from 'vitest';
import { resourcesOf } from './program-resources.ts';

const OURS = { cpu: '50m', memory: '192Mi' };

describe('what a program of a plane asks for', () => {
  it.each<[string, Parameters<typeof resourcesOf>[0], ReturnType<typeof resourcesOf>]>([
    ['ours where nobody says', undefined, { requests: OURS }],
    [
      'a request instead of ours',
      { requests: { cpu: '200m' } },
      { requests: { cpu: '200m', memory: '192Mi' } },
    ],
    [
      'a limit, which is the request, too',
      { limits: { memory: '128Mi' } },
      { requests: { cpu: '50m' }, limits: { memory: '128Mi' } },
    ],
    [
      'as the API server keeps quantities',
      { requests: { cpu: '1000m', memory: '1024Mi' }, limits: { cpu: '2000m', memory: '2048Mi' } },
      { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } },
    ],
  ])('is %s', (_name, asked, wanted) => {
    expect(resourcesOf(asked, OURS)).toEqual(wanted);
  });
});
