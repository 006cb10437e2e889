import { REVIEW_HOST } from '../api/virtual-cluster.ts';

/** Paths, as the API server sees them, of what proves whose it is. */
export interface EgressFiles {
  /** Authority of our certificate. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * What a tenant's API server is started with so that it opens its connections to us: the value of
 * --egress-selector-config-file, and of --admission-control-config-file with the folder of webhooks that nobody can delete.
 */
export function egressConfiguration(
  url: string,
  files: EgressFiles,
  manifests: string,
): { readonly egressSelector: object; readonly admission: object } {
  const ours = {
    proxyProtocol: 'HTTPConnect',
    transport: {
      tcp: { url, tlsConfig: { caBundle: files.ca, clientCert: files.cert, clientKey: files.key } },
    },
  };
  return {
    egressSelector: {
      apiVersion: 'apiserver.k8s.io/v1beta1',
      kind: 'EgressSelectorConfiguration',
      egressSelections: [
        { name: 'cluster', connection: ours },
        // Webhooks that are named by a URL go this way.
        { name: 'controlplane', connection: ours },
        { name: 'etcd', connection: { proxyProtocol: 'Direct' } },
      ],
    },
    admission: {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [
        {
          name: 'MutatingAdmissionWebhook',
          configuration: {
            apiVersion: 'apiserver.config.k8s.io/v1',
            kind: 'WebhookAdmissionConfiguration',
            staticManifestsDir: manifests,
          },
        },
      ],
    },
  };
}

/** Seconds the API server waits for us: the host's API server has to make a Service meanwhile. */
const TIMEOUT_SECONDS = 10;

/**
 * The webhook by which Services get the addresses that the host gives. It lies in a file of the API server, so a tenant's
 * administrator neither sees nor changes it; without us no Service is made, rather than one that leads nowhere.
 */
export function serviceWebhook(ca: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'services.tenantry.dev.static.k8s.io' },
    webhooks: [
      {
        name: 'services.tenantry.dev',
        clientConfig: {
          url: `https://${REVIEW_HOST}:443/services`,
          caBundle: Buffer.from(ca, 'utf8').toString('base64'),
        },
        rules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['services'],
            scope: 'Namespaced',
          },
        ],
        admissionReviewVersions: ['v1'],
        // What is made for a request that fails later is taken away again; a dry run makes nothing.
        sideEffects: 'NoneOnDryRun',
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        // The last word on a Service: other webhooks of the tenant may change it before.
        reinvocationPolicy: 'IfNeeded',
        timeoutSeconds: TIMEOUT_SECONDS,
      },
    ],
  };
}
