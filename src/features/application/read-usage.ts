import type { Instance } from '../../api/instance.ts';
import type { Reader } from '../../client/client.ts';
import { unlessForbidden } from '../../client/unless-forbidden.ts';
import { CONFIG_MAP } from '../../kube/builtin-kinds.ts';
import type { Kind } from '../../kube/kind.ts';
import { ApplicationError } from './application-error.ts';
import { compositionsOf } from './compositions-of.ts';

/**
 * The sample object of a kind, out of ConfigMap `<kind>-usage` beside the composition that registered it. Where the composition can't be
 * seen, the namespaces given are tried. Throws ApplicationError.
 */
export async function readUsage(
  reader: Reader,
  kind: Kind<Instance>,
  namespaces: readonly string[],
): Promise<string> {
  const name = `${kind.kind.toLowerCase()}-usage`;
  const offers = await compositionsOf(reader, kind);
  const places = [...offers.map(({ metadata }) => metadata.namespace ?? ''), ...namespaces];
  for (const namespace of new Set(places)) {
    const text = await unlessForbidden(reader.find(CONFIG_MAP, { namespace, name }));
    if (text?.data?.['spec'] !== undefined) return text.data['spec'];
  }
  throw new ApplicationError(
    `ConfigMap ${name} with the sample of ${kind.kind} was not found where you may look (namespaces ${[...new Set(places)].join(', ')})`,
    `\`kubectl explain ${kind.plural}.spec\` describes every field.`,
  );
}
