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
  const [first] = [
    ...ingresses.flatMap(ingressUrls),
    ...services.flatMap(loadBalancerUrls),
    ...services.flatMap((service) => nodePortUrls(service, nodes)),
  ];
  return first;
}

/**
 * Every address of an application: hosts of its Ingresses if it has any, for then its Services are behind them; else of each Service the
 * load balancer's addresses, or the port on every node.
 */
export function urlsOf(
  ingresses: readonly Ingress[],
  services: readonly Service[],
  nodes: readonly Node[],
): readonly string[] {
  const hosts = ingresses.flatMap(ingressUrls);
  const direct = services.flatMap((service) => {
    const balanced = loadBalancerUrls(service);
    return balanced.length > 0 ? balanced : nodePortUrls(service, nodes);
  });
  return [...new Set(hosts.length > 0 ? hosts : direct)];
}

function ingressUrls({ spec, status }: Ingress): readonly string[] {
  return (spec?.rules ?? []).flatMap((rule) => {
    const point = status?.loadBalancer?.ingress?.[0];
    const host = rule.host ?? point?.hostname ?? point?.ip;
    if (host === undefined || host.startsWith('*')) return [];
    const secure = spec?.tls?.some((tls) => tls.hosts?.includes(host) ?? true) ?? false;
    return [`${secure ? 'https' : 'http'}://${host}${rule.http?.paths[0]?.path ?? '/'}`];
  });
}

type Port = NonNullable<NonNullable<Service['spec']>['ports']>[number];

function loadBalancerUrls({ spec, status }: Service): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap((point) => {
    const host = point.hostname ?? point.ip;
    return host === undefined ? [] : webFirst(spec?.ports).map((port) => write(port, host, port.port));
  });
}

function nodePortUrls({ spec }: Service, nodes: readonly Node[]): readonly string[] {
  if (spec?.type !== 'NodePort' && spec?.type !== 'LoadBalancer') return [];
  const ports = webFirst(spec.ports);
  return nodeAddresses(nodes).flatMap((host) =>
    ports.flatMap((port) => (port.nodePort === undefined ? [] : [write(port, host, port.nodePort)])),
  );
}

/** Ports that answer over TCP, those of web pages before others. */
function webFirst(ports: readonly Port[] | undefined): readonly Port[] {
  const tcp = (ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  const isWeb = (port: Port): boolean => isNamed(port, SECURE) || isNamed(port, WEB);
  return [...tcp.filter(isWeb), ...tcp.filter((port) => !isWeb(port))];
}

function isNamed({ name, port }: Port, pattern: RegExp): boolean {
  return pattern.test(name ?? '') || pattern.test(String(port));
}

/** One address of each node, outer ones before inner ones. */
function nodeAddresses(nodes: readonly Node[]): readonly string[] {
  const found = nodes.map(({ status }) => {
    const find = (type: string): string | undefined =>
      status?.addresses?.find((address) => address.type === type)?.address;
    return { outer: find('ExternalIP'), inner: find('InternalIP') };
  });
  const outer = found.flatMap((node) => node.outer ?? []);
  const inner = found.flatMap((node) => (node.outer === undefined ? (node.inner ?? []) : []));
  return [...outer, ...inner];
}

function write(port: Port, host: string, number: number): string {
  const scheme = isNamed(port, SECURE) ? 'https' : 'http';
  const usual = scheme === 'https' ? 443 : 80;
  const name = host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${name}${number === usual ? '' : `:${number}`}/`;
}
