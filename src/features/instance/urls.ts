import type { Ingress, Node, Service } from '../../kube/builtin-kinds.ts';

/** Ports that are taken for web pages by what they are called or numbered. */
const SECURE = /^(?:https|443|8443)$/;
const WEB = /^(?:http|web|www|80|8080|8000|3000)$/;

/**
 * How an instance is reached from outside, where Services and Ingresses tell: an Ingress's host, else a load balancer's
 * address, else a node port. Of several the first by name; web ports before others.
 */
export function urlOf(
  ingresses: readonly Ingress[],
  services: readonly Service[],
  nodes: readonly Node[],
): string | undefined {
  return (
    first(ingresses, ingressUrl) ??
    first(services, loadBalancerUrl) ??
    first(services, (service) => nodePortUrl(service, nodes))
  );
}

function first<T>(items: readonly T[], url: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = url(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function ingressUrl({ spec, status }: Ingress): string | undefined {
  for (const rule of spec?.rules ?? []) {
    const point = status?.loadBalancer?.ingress?.[0];
    const host = rule.host ?? point?.hostname ?? point?.ip;
    if (host === undefined || host.startsWith('*')) continue;
    const secure = spec?.tls?.some((tls) => tls.hosts?.includes(host) ?? true) ?? false;
    return `${secure ? 'https' : 'http'}://${host}${rule.http?.paths[0]?.path ?? '/'}`;
  }
  return undefined;
}

type Port = NonNullable<NonNullable<Service['spec']>['ports']>[number];

function loadBalancerUrl({ spec, status }: Service): string | undefined {
  const point = status?.loadBalancer?.ingress?.[0];
  const host = point?.hostname ?? point?.ip;
  const port = webPort(spec?.ports);
  return host === undefined || port === undefined ? undefined : write(port, host, port.port);
}

function nodePortUrl({ spec }: Service, nodes: readonly Node[]): string | undefined {
  if (spec?.type !== 'NodePort' && spec?.type !== 'LoadBalancer') return undefined;
  const port = webPort(spec.ports);
  const host = nodeAddress(nodes);
  if (port?.nodePort === undefined || host === undefined) return undefined;
  return write(port, host, port.nodePort);
}

function webPort(ports: readonly Port[] | undefined): Port | undefined {
  const tcp = (ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  return tcp.find((port) => isNamed(port, SECURE) || isNamed(port, WEB)) ?? tcp[0];
}

function isNamed({ name, port }: Port, pattern: RegExp): boolean {
  return pattern.test(name ?? '') || pattern.test(String(port));
}

/** A node's outer address where one has it. */
function nodeAddress(nodes: readonly Node[]): string | undefined {
  const all = nodes.flatMap((node) => node.status?.addresses ?? []);
  const find = (type: string): string | undefined => all.find((address) => address.type === type)?.address;
  return find('ExternalIP') ?? find('InternalIP');
}

function write(port: Port, host: string, number: number): string {
  const scheme = isNamed(port, SECURE) ? 'https' : 'http';
  const usual = scheme === 'https' ? 443 : 80;
  const name = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${name}${number === usual ? '' : `:${number}`}/`;
}
