import { describe, expect, it } from 'vitest';
import { KUBERNETES_RELEASES, NEWEST_RELEASE, releaseNamed } from './kubernetes-release.ts';

describe('releaseNamed', () => {
  it.each(['1.34', 'v1.34', '1.34.4', 'v1.34.4'])('takes %s', (text) =>
    expect(releaseNamed(text)).toMatchObject({ version: '1.34.4', module: 'kubernetes/v1.34' }),
  );

  it.each(['1.33', '1.34.3', '1.3', '1', '', 'latest', 'v1.34.4-rc.0'])(
    'refuses "%s" and says what there is',
    (text) =>
      expect(() => releaseNamed(text)).toThrow(
        expect.objectContaining({
          message: expect.stringContaining(`"${text}"`),
          remedy: expect.stringContaining('v1.37.1, v1.36.3, v1.35.4, v1.34.4'),
        }),
      ),
  );

  it('knows four minors in a row, the default first', () => {
    const minors = KUBERNETES_RELEASES.map(({ version }) => Number(version.split('.')[1]));

    expect(minors).toEqual([37, 36, 35, 34]);
    expect(KUBERNETES_RELEASES[0]).toBe(NEWEST_RELEASE);
  });
});
