import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { NEWEST_MINOR, OLDEST_MINOR } from '../features/installation/diagnosis.ts';
import { KUBERNETES_RELEASES } from '../local/kubernetes-release.ts';
import { kubernetesVersion } from './kubernetes-version-option.ts';

describe('--kubernetes-version', () => {
  const parse = (...words: readonly string[]): unknown =>
    new Command().exitOverride().addOption(kubernetesVersion()).parse(words, { from: 'user' }).opts()[
      'kubernetesVersion'
    ];

  it('gives the release that it names', () =>
    expect(parse('--kubernetes-version', 'v1.35')).toMatchObject({ version: '1.35.4' }));

  it('gives none where it is not given', () => expect(parse()).toBeUndefined());

  it('offers exactly the minors that `tenantry doctor` calls supported', () => {
    const minors = KUBERNETES_RELEASES.map(({ version }) => Number(version.split('.')[1]));

    expect([minors.at(-1), minors[0]]).toEqual([OLDEST_MINOR, NEWEST_MINOR]);
  });
});
