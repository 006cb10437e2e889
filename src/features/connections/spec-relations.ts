import type { AnyObject } from '../../kube/object.ts';
import type { Mention } from './relation.ts';
import { mapsAt, partOf, textAt } from './read-part.ts';

type Part = Readonly<Record<string, unknown>>;

/** Names of other objects in the spec of an object of a kind that Kubernetes knows. */
export function specRelations(object: AnyObject): readonly Mention[] {
  switch (object.kind) {
    case 'Pod':
      return podMentions(object);
    case 'Ingress':
      return ingressMentions(object);
    case 'PersistentVolumeClaim':
      return mention('PersistentVolume', textAt(object, 'spec', 'volumeName'), 'spec.volumeName');
    case 'StatefulSet':
      return mention('Service', textAt(object, 'spec', 'serviceName'), 'spec.serviceName');
    case 'HorizontalPodAutoscaler':
      return targetMention(object);
    case 'RoleBinding':
      return bindingMentions(object);
    default:
      return [];
  }
}

/** Services that a pod finds by a variable: their name, alone or as the host of an address. */
export function envRelations(object: AnyObject, services: readonly AnyObject[]): readonly Mention[] {
  if (object.kind !== 'Pod') return [];
  return containersOf(object).flatMap((container) =>
    mapsAt(container, 'env').flatMap((variable) => {
      const hosts = hostsIn(textAt(variable, 'value') ?? '');
      const named = services.filter((service) => hosts.some((host) => isNameOf(host, service, object)));
      return named.flatMap(({ metadata }): readonly Mention[] => [
        {
          kind: 'Service',
          name: metadata.name,
          namespace: metadata.namespace,
          type: 'envvariable',
          details: `env ${textAt(variable, 'name') ?? ''}`,
        },
      ]);
    }),
  );
}

/** What could be a host in a text: words of letters, digits, dashes and periods. */
const hostsIn = (value: string): readonly string[] => value.toLowerCase().match(/[a-z0-9][-a-z0-9.]*/g) ?? [];

/** The name alone means the own namespace; `name.namespace`, also with the cluster's domain behind it, the one that is named. */
function isNameOf(host: string, { metadata }: AnyObject, pod: AnyObject): boolean {
  const [name, namespace = pod.metadata.namespace] = host.split('.');
  return name === metadata.name && namespace === metadata.namespace;
}

function podMentions(pod: AnyObject): readonly Mention[] {
  const containers = containersOf(pod);
  return [
    ...mention('ServiceAccount', textAt(pod, 'spec', 'serviceAccountName'), 'spec.serviceAccountName'),
    ...mapsAt(pod, 'spec', 'volumes').flatMap(volumeMentions),
    ...mapsAt(pod, 'spec', 'imagePullSecrets').flatMap((secret) =>
      mention('Secret', textAt(secret, 'name'), 'spec.imagePullSecrets'),
    ),
    ...containers
      .flatMap((container) => mapsAt(container, 'envFrom'))
      .flatMap((source) => [
        ...mention('ConfigMap', textAt(source, 'configMapRef', 'name'), 'envFrom.configMapRef'),
        ...mention('Secret', textAt(source, 'secretRef', 'name'), 'envFrom.secretRef'),
      ]),
    ...containers
      .flatMap((container) => mapsAt(container, 'env'))
      .flatMap((variable) => [
        ...mention(
          'ConfigMap',
          textAt(variable, 'valueFrom', 'configMapKeyRef', 'name'),
          'env.valueFrom.configMapKeyRef',
        ),
        ...mention(
          'Secret',
          textAt(variable, 'valueFrom', 'secretKeyRef', 'name'),
          'env.valueFrom.secretKeyRef',
        ),
      ]),
  ];
}

function volumeMentions(volume: Part): readonly Mention[] {
  return [
    ...mention(
      'PersistentVolumeClaim',
      textAt(volume, 'persistentVolumeClaim', 'claimName'),
      'spec.volumes.persistentVolumeClaim.claimName',
    ),
    ...mention('ConfigMap', textAt(volume, 'configMap', 'name'), 'spec.volumes.configMap.name'),
    ...mention('Secret', textAt(volume, 'secret', 'secretName'), 'spec.volumes.secret.secretName'),
    ...mapsAt(volume, 'projected', 'sources').flatMap((source) => [
      ...mention('ConfigMap', textAt(source, 'configMap', 'name'), 'spec.volumes.projected.configMap.name'),
      ...mention('Secret', textAt(source, 'secret', 'name'), 'spec.volumes.projected.secret.name'),
    ]),
  ];
}

function ingressMentions(ingress: AnyObject): readonly Mention[] {
  const paths = mapsAt(ingress, 'spec', 'rules').flatMap((rule) => mapsAt(rule, 'http', 'paths'));
  const backends = [partOf(ingress, 'spec', 'defaultBackend'), ...paths.map((path) => path['backend'])];
  return [
    ...backends.flatMap((backend) =>
      mention('Service', textAt(backend, 'service', 'name'), 'spec.rules.http.paths.backend.service.name'),
    ),
    ...mapsAt(ingress, 'spec', 'tls').flatMap((tls) =>
      mention('Secret', textAt(tls, 'secretName'), 'spec.tls.secretName'),
    ),
  ];
}

function targetMention(scaler: AnyObject): readonly Mention[] {
  const kind = textAt(scaler, 'spec', 'scaleTargetRef', 'kind');
  return kind === undefined
    ? []
    : mention(kind, textAt(scaler, 'spec', 'scaleTargetRef', 'name'), 'spec.scaleTargetRef');
}

function bindingMentions(binding: AnyObject): readonly Mention[] {
  const role = textAt(binding, 'roleRef', 'kind') ?? '';
  return [
    ...mention(role, textAt(binding, 'roleRef', 'name'), 'roleRef'),
    ...mapsAt(binding, 'subjects').flatMap((subject) =>
      mention(
        textAt(subject, 'kind') ?? '',
        textAt(subject, 'name'),
        'subjects',
        textAt(subject, 'namespace'),
      ),
    ),
  ];
}

function containersOf(pod: AnyObject): readonly Part[] {
  return [...mapsAt(pod, 'spec', 'containers'), ...mapsAt(pod, 'spec', 'initContainers')];
}

function mention(
  kind: string,
  name: string | undefined,
  details: string,
  namespace?: string,
): readonly Mention[] {
  return name === undefined ? [] : [{ kind, name, namespace, type: 'specproperty', details }];
}
