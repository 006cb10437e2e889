import type { AnyObject } from '../../kube/object.ts';

/** A port on the pods of a Service: a number or the name of a container port. */
export interface ExposedPort {
  readonly port: number | string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** A Service that is meant to be reached from outside its namespace. */
export interface ExposedService {
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  readonly ports: readonly ExposedPort[];
  /** By NodePort or LoadBalancer. Otherwise only by ingress controllers. */
  readonly outside: boolean;
}

/** The fields of Service that matter here, as charts write them: everything may be missing. */
interface ServiceSpec {
  readonly type?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly {
    readonly port?: number;
    readonly targetPort?: number | string;
    readonly protocol?: string;
  }[];
}

/**
 * Services of a rendering that something outside the namespace reaches: NodePort and LoadBalancer Services from outside
 * the cluster, backends of an Ingress from ingress controllers. Services without selector have no pods to open.
 */
export function exposedServices(objects: readonly AnyObject[]): readonly ExposedService[] {
  const backends = new Set(objects.filter(isIngress).flatMap(backendsOf));
  return objects.filter(isService).flatMap((service): readonly ExposedService[] => {
    // A chart's Service has this shape or the API server refuses it.
    const spec = (service['spec'] ?? {}) as ServiceSpec;
    const outside = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
    const selector = spec.selector ?? {};
    if (!outside && !backends.has(service.metadata.name)) return [];
    if (Object.keys(selector).length === 0) return [];
    return [{ name: service.metadata.name, selector, ports: portsOf(spec), outside }];
  });
}

/** True if the chart binds a Role to an account: its pods talk to the API server. */
export function bindsRoles(objects: readonly AnyObject[]): boolean {
  return objects.some(
    ({ apiVersion, kind }) =>
      apiVersion.startsWith('rbac.authorization.k8s.io/') &&
      (kind === 'RoleBinding' || kind === 'ClusterRoleBinding'),
  );
}

function isService({ apiVersion, kind }: AnyObject): boolean {
  return apiVersion === 'v1' && kind === 'Service';
}

function isIngress({ apiVersion, kind }: AnyObject): boolean {
  return kind === 'Ingress' && apiVersion.startsWith('networking.k8s.io/');
}

function portsOf(spec: ServiceSpec): readonly ExposedPort[] {
  return (spec.ports ?? []).flatMap(({ port, targetPort, protocol }) => {
    const onPod = targetPort ?? port;
    return onPod === undefined ? [] : [{ port: onPod, protocol: protocolOf(protocol) }];
  });
}

function protocolOf(text: string | undefined): ExposedPort['protocol'] {
  return text === 'UDP' || text === 'SCTP' ? text : 'TCP';
}

interface Backend {
  readonly service?: { readonly name?: string };
}

function backendsOf(ingress: AnyObject): readonly string[] {
  // A chart's Ingress has this shape or the API server refuses it.
  const spec = (ingress['spec'] ?? {}) as {
    readonly defaultBackend?: Backend;
    readonly rules?: readonly {
      readonly http?: { readonly paths?: readonly { readonly backend?: Backend }[] };
    }[];
  };
  const paths = (spec.rules ?? []).flatMap((rule) => (rule.http?.paths ?? []).map((path) => path.backend));
  return [spec.defaultBackend, ...paths].flatMap((backend) => backend?.service?.name ?? []);
}
