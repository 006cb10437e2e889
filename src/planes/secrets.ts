import { ADMIN_KUBECONFIG } from '../api/control-plane-names.ts';
import { SECRET } from '../kube/builtin-kinds.ts';
import { kubeconfigText } from '../pki/kubeconfig.ts';
import { partOf, type Part, type PartOwner } from './object-of.ts';
import { CERTIFICATES_SECRET, CONTROLLER_MANAGER_SECRET, inClusterUrl, serviceHost } from './plane-names.ts';
import { pkiFiles, trusted, type PlanePki } from './plane-pki.ts';
import type { PlaneSpec } from './plane-spec.ts';

/** Where a plane is reached from outside the hosting cluster: `https://host:port`. Its certificate names the Service in any case. */
export interface OutsideAddress {
  readonly url: string;
  /** Where the URL's host is no name of the API server: an address of a node. */
  readonly tlsServerName?: string;
}

/** Secrets of a plane but the administrator's: certificates, and the kubeconfig of its controllers. */
export function secretParts(spec: PlaneSpec, pki: PlanePki): readonly Part[] {
  return [
    secretPart(spec, CERTIFICATES_SECRET, pkiFiles(pki)),
    secretPart(spec, CONTROLLER_MANAGER_SECRET, {
      kubeconfig: controllerKubeconfig(spec),
      'ca.crt': trusted(pki, 'ca'),
      'client.crt': pki.leaves['controller-manager'].cert,
      'client.key': pki.leaves['controller-manager'].key,
    }),
  ];
}

/** How a Secret of kubeconfigs and what is in it are called. */
export interface KubeconfigForm {
  readonly secret: string;
  readonly key: string;
  readonly inClusterKey: string;
  readonly names: { readonly cluster: string; readonly user: string; readonly context: string };
}

/** KubeFlex's form for a plane. */
export function adminForm(name: string): KubeconfigForm {
  const names = { cluster: `${name}-cluster`, user: `${name}-admin`, context: name };
  return { ...ADMIN_KUBECONFIG, names };
}

/** The kubeconfigs of a plane's administrator; the one for outside only where there is a way in. */
export function adminKubeconfig(
  spec: PlaneSpec,
  pki: PlanePki,
  outside: OutsideAddress | undefined,
  { secret, key, inClusterKey, names }: KubeconfigForm = adminForm(spec.name),
): Part {
  const text = (server: string, tlsServerName?: string): string =>
    kubeconfigText({
      server,
      ca: trusted(pki, 'ca'),
      user: pki.leaves.admin,
      names,
      namespace: 'default',
      ...(tlsServerName === undefined ? {} : { tlsServerName }),
    });
  return secretPart(spec, secret, {
    ...(outside === undefined ? {} : { [key]: text(outside.url, outside.tlsServerName) }),
    [inClusterKey]: text(inClusterUrl(spec)),
  });
}

/** A Secret of texts. */
export function secretPart(spec: PartOwner, name: string, texts: Readonly<Record<string, string>>): Part {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  return partOf(spec, SECRET, name, { type: 'Opaque', data });
}

/** Names its certificate as files beside it, which are read again when they were renewed. */
function controllerKubeconfig(spec: PlaneSpec): string {
  const name = 'plane';
  return `${JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name,
          cluster: { server: `https://${serviceHost(spec)}`, 'certificate-authority': 'ca.crt' },
        },
      ],
      users: [{ name, user: { 'client-certificate': 'client.crt', 'client-key': 'client.key' } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
      'current-context': name,
    },
    null,
    2,
  )}\n`;
}
