import { DEPLOYMENT } from '../kube/builtin-kinds.ts';
import { keysAnnotation } from './keys-annotation.ts';
import { partOf, type Part } from './object-of.ts';
import { CERTIFICATES_SECRET, CONTROLLER_MANAGER, CONTROLLER_MANAGER_SECRET } from './plane-names.ts';
import { resourcesOf } from './program-resources.ts';
import type { PlanePki } from './plane-pki.ts';
import type { PlaneSpec } from './plane-spec.ts';
import { CONTAINER_SECURITY, podLabels, podTemplate, secretVolume, type Container } from './pod-form.ts';

const PORT = 10257;
const CERTS = '/etc/kubernetes/pki';
const KUBECONFIG = '/etc/kubernetes/controller-manager';
/** All of Kubernetes' controllers: leaving some out saves next to nothing, for their memory is the program. */
const ALL_CONTROLLERS = '*,bootstrapsigner,tokencleaner';

/** The controllers of a plane. */
export function controllerManagerParts(spec: PlaneSpec, pki: PlanePki): readonly Part[] {
  const labels = podLabels(spec, CONTROLLER_MANAGER);
  const template = podTemplate(spec, CONTROLLER_MANAGER, {
    // Nothing of it is under way that another one would not do again.
    terminationGracePeriodSeconds: 5,
    containers: [container(spec)],
    volumes: [
      secretVolume('certs', CERTIFICATES_SECRET, [
        'ca.crt',
        'ca-signer.crt',
        'ca.key',
        'client-ca-signer.crt',
        'client-ca.key',
        'sa.key',
      ]),
      secretVolume('kubeconfig', CONTROLLER_MANAGER_SECRET, [
        'kubeconfig',
        'ca.crt',
        'client.crt',
        'client.key',
      ]),
    ],
  });
  return [
    partOf(spec, DEPLOYMENT, CONTROLLER_MANAGER, {
      spec: {
        replicas: spec.asleep === true || spec.controllersRest === true ? 0 : spec.replicas,
        selector: { matchLabels: labels },
        // One alone elects nobody: the old one ends before the new one begins.
        strategy:
          spec.replicas > 1
            ? { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }
            : { type: 'Recreate' },
        template: { ...template, metadata: { ...template.metadata, annotations: keysAnnotation(pki) } },
      },
    }),
  ];
}

function container(spec: PlaneSpec): Container {
  const probe = { httpGet: { path: '/healthz', port: PORT, scheme: 'HTTPS' } };
  return {
    name: CONTROLLER_MANAGER,
    image: spec.images.controllerManager,
    imagePullPolicy: spec.images.pullPolicy,
    args: controllerManagerArgs(spec),
    env: [{ name: 'GOGC', value: '40' }],
    startupProbe: { ...probe, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 120 },
    readinessProbe: { ...probe, periodSeconds: 10, timeoutSeconds: 5 },
    livenessProbe: { ...probe, periodSeconds: 10, timeoutSeconds: 15, failureThreshold: 8 },
    resources: resourcesOf(spec.resources?.controllerManager, { cpu: '20m', memory: '96Mi' }),
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: 'certs', mountPath: CERTS, readOnly: true },
      { name: 'kubeconfig', mountPath: KUBECONFIG, readOnly: true },
    ],
  };
}

function controllerManagerArgs({ controllerManager, replicas }: PlaneSpec): readonly string[] {
  const kubeconfig = `${KUBECONFIG}/kubeconfig`;
  const signer = (name: string, authority: string): readonly string[] => [
    `--cluster-signing-${name}-cert-file=${CERTS}/${authority}-signer.crt`,
    `--cluster-signing-${name}-key-file=${CERTS}/${authority}.key`,
  ];
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--controllers=${controllerManager?.controllers ?? ALL_CONTROLLERS}`,
    `--root-ca-file=${CERTS}/ca.crt`,
    `--service-account-private-key-file=${CERTS}/sa.key`,
    '--use-service-account-credentials=true',
    ...signer('kubelet-serving', 'ca'),
    ...signer('kubelet-client', 'client-ca'),
    ...signer('kube-apiserver-client', 'client-ca'),
    ...signer('legacy-unknown', 'client-ca'),
    `--leader-elect=${replicas > 1}`,
    `--secure-port=${PORT}`,
    // At the default of 20 requests a second the first ServiceAccount comes five seconds after the API server.
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    '--profiling=false',
    ...(controllerManager?.args ?? []),
  ];
}
