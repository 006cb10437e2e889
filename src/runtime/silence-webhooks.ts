import type { Client } from '../client/client.ts';
import type { Kind } from '../kube/kind.ts';
import { isKubeError } from '../kube/kube-error.ts';
import type { KubeObject } from '../kube/object.ts';

/** Tries against others who write the same configuration. */
const MAX_CONFLICTS = 5;

/** What keeps a webhook from being asked while there is no operator; whoever runs one takes it away at its start. */
const SILENT = { name: 'operator-removed', expression: 'false' } as const;

/** The part of a webhook configuration that decides whether a webhook is asked. */
export interface WithConditions extends KubeObject {
  readonly webhooks?: readonly { readonly matchConditions?: readonly { readonly name: string }[] }[];
}

/**
 * The JSON patch after which no webhook of a configuration is asked; empty if none is. The configuration itself stays: it belongs to the
 * cluster's owner, and an operator that is installed again must not run without. Pure.
 */
export function silencePatch(configuration: WithConditions): readonly unknown[] {
  return (configuration.webhooks ?? []).flatMap(({ matchConditions }, index): unknown[] => {
    const path = `/webhooks/${index}/matchConditions`;
    if (matchConditions === undefined) return [{ op: 'add', path, value: [SILENT] }];
    return isSilent(matchConditions) ? [] : [{ op: 'add', path: `${path}/0`, value: SILENT }];
  });
}

/** The JSON patch after which all webhooks are asked again; empty if they are. Pure. */
export function listenPatch(configuration: WithConditions): readonly unknown[] {
  return (configuration.webhooks ?? []).flatMap(({ matchConditions = [] }, index) => {
    const at = matchConditions.findIndex(({ name }) => name === SILENT.name);
    return at < 0 ? [] : [{ op: 'remove', path: `/webhooks/${index}/matchConditions/${at}` }];
  });
}

function isSilent(conditions: readonly { readonly name: string }[]): boolean {
  return conditions.some(({ name }) => name === SILENT.name);
}

/** Silences the configurations of that name; what is not there is silent already. Throws KubeError. */
export async function silenceWebhooks(
  client: Client,
  kinds: readonly Kind<WithConditions>[],
  name: string,
): Promise<void> {
  await Promise.all(kinds.map((kind) => silenceOne(client, kind, name)));
}

async function silenceOne(client: Client, kind: Kind<WithConditions>, name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const configuration = await client.find(kind, { name });
    const changes = configuration === undefined ? [] : silencePatch(configuration);
    if (configuration === undefined || changes.length === 0) return;
    const path = '/metadata/resourceVersion';
    const version = { op: 'replace', path, value: configuration.metadata.resourceVersion };
    try {
      await client.patch(kind, { name }, { type: 'json', body: [version, ...changes] });
      return;
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return;
      if (!isKubeError(error, 'Conflict') || attempt >= MAX_CONFLICTS) throw error;
    }
  }
}
