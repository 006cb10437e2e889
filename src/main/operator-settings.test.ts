import { describe, expect, it } from 'vitest';
import { readOperatorSettings } from './operator-settings.ts';

const REQUIRED = { TENANTRY_NAMESPACE: 'a', TENANTRY_ACCOUNTS_NAMESPACE: 'b', TENANTRY_POD: 'c' };

describe('readOperatorSettings', () => {
  it('needs only where it runs and who it is', () => {
    expect(readOperatorSettings(REQUIRED)).toMatchObject({
      operatorNamespace: 'a',
      accountsNamespace: 'b',
      identity: 'c',
      shards: 1,
      imageRegistry: undefined,
      allowHttp: false,
      logLevel: 'info',
    });
  });

  it('reads an empty variable as not set', () => {
    expect(readOperatorSettings({ ...REQUIRED, TENANTRY_IMAGE_REGISTRY: '' }).imageRegistry).toBeUndefined();
  });

  it('names everything that is wrong at once', () => {
    expect(() =>
      readOperatorSettings({
        TENANTRY_NAMESPACE: 'a',
        TENANTRY_ALLOW_HTTP_CHARTS: 'yes',
        TENANTRY_LOG_LEVEL: 'loud',
        TENANTRY_SHARDS: '0',
      }),
    ).toThrow(
      /TENANTRY_LOG_LEVEL is loud.*TENANTRY_SHARDS is 0.*ACCOUNTS_NAMESPACE is missing.*TENANTRY_POD is missing.*HTTP_CHARTS is yes/,
    );
  });
});
