import { z } from 'zod';
import { fixedCredential, type ClusterAccess } from '../client/access.ts';
import { parseYaml } from '../kube/yaml.ts';

/** The form of the kubeconfigs that we write ourselves: certificates embedded, and ours first, whatever else came later. */
const ownKubeconfig = z.object({
  clusters: z.tuple(
    [z.object({ cluster: z.object({ server: z.url(), 'certificate-authority-data': z.base64() }) })],
    z.unknown(),
  ),
  users: z.tuple(
    [z.object({ user: z.object({ 'client-certificate-data': z.base64(), 'client-key-data': z.base64() }) })],
    z.unknown(),
  ),
});

/**
 * How to reach a cluster by a kubeconfig that `up` wrote. Those of other makers have many more forms and are not for this.
 * It may be YAML: kflex and kubectl write files of several contexts so. Throws when the text is none of ours.
 */
export function accessOf(text: string): ClusterAccess {
  const config = ownKubeconfig.parse(parseYaml(text));
  const { cluster } = config.clusters[0];
  const { user } = config.users[0];
  return {
    server: cluster.server,
    ca: decode(cluster['certificate-authority-data']),
    credentials: fixedCredential({
      certificate: { cert: decode(user['client-certificate-data']), key: decode(user['client-key-data']) },
    }),
    namespace: 'default',
  };
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
