import { describe, expect, it } from 'vitest';
import { readOperatorSettings } from './operator-settings.ts';

const PLANES = {
  images: {
    coredns: 'coredns:v1',
    apiServer: 'a',
    controllerManager: 'b',
    etcd: 'c',
    kine: 'd',
    postgres: 'e',
    pullPolicy: 'Always',
  },
  domain: '',
  externalPort: 9443,
};
const REQUIRED = {
  TENANTRY_NAMESPACE: 'a',
  TENANTRY_ACCOUNTS_NAMESPACE: 'b',
  TENANTRY_POD: 'c',
  TENANTRY_PLANES: JSON.stringify(PLANES),
};

describe('readOperatorSettings', () => {
  it('needs only where it runs and who it is', () => {
    expect(readOperatorSettings(REQUIRED)).toMatchObject({
      operatorNamespace: 'a',
      accountsNamespace: 'b',
      identity: 'c',
      shards: 1,
      planes: PLANES,
      imageRegistry: undefined,
      allowHttp: false,
      policyTrial: 'refuse',
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
        TENANTRY_POLICY_TRIAL: 'no',
        TENANTRY_PLANES: '{}',
        TENANTRY_CHART_MIRRORS: '[{"host": "a.example"}]',
      }),
    ).toThrow(
      /TENANTRY_LOG_LEVEL is loud.*TENANTRY_POLICY_TRIAL is no.*TENANTRY_SHARDS is 0.*TENANTRY_PLANES lacks images, domain, externalPort.*TENANTRY_CHART_MIRRORS is no list.*ACCOUNTS_NAMESPACE is missing.*TENANTRY_POD is missing.*HTTP_CHARTS is yes/,
    );
  });
});
