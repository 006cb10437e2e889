import {
  ALLOWED_INSTANCES_ANNOTATION,
  endOfDay,
  EXPIRY_ANNOTATION,
  LICENSE_FILE_KEY,
  licenseName,
} from '../../api/license.ts';
import { RESOURCE_COMPOSITION, type ResourceComposition } from '../../api/resource-composition.ts';
import type { Instance } from '../../api/instance.ts';
import type { Client } from '../../client/client.ts';
import type { ServedResource } from '../../client/discovery-documents.ts';
import { CONFIG_MAP, type ConfigMap } from '../../kube/builtin-kinds.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { apiVersionOf, type Kind } from '../../kube/kind.ts';
import { ApplicationError } from './application-error.ts';
import { compositionsOf } from './compositions-of.ts';
import { serviceKindsCalled } from './find-application.ts';

/** What is agreed: at least one of the two. */
export interface Terms {
  readonly expiry: string | undefined;
  readonly instances: string | undefined;
}

/** The service that a licence is for: its kind, and where its composition stands. */
export interface Licensed {
  readonly kind: Kind<Instance>;
  readonly namespace: string;
  readonly composition: ResourceComposition | undefined;
}

/** The annotations for terms. Throws ApplicationError in KubePlus's words. */
export function annotationsOf({ expiry, instances }: Terms): Readonly<Record<string, string>> {
  const remedy = 'Give -e MM/DD/YYYY, -n NUMBER, or both.';
  if (expiry === undefined && instances === undefined)
    throw new ApplicationError(
      'Both expiry date and number of app instances to create is empty.\nSpecify at least one criteria.',
      remedy,
    );
  if (instances !== undefined && !/^[1-9]\d{0,8}$/.test(instances))
    throw new ApplicationError('App instances should be > 0.', remedy);
  if (expiry !== undefined && endOfDay(expiry) === undefined)
    throw new ApplicationError('Required expiry date format: MM/DD/YYYY', remedy);
  return {
    ...(expiry === undefined ? {} : { [EXPIRY_ANNOTATION]: expiry }),
    ...(instances === undefined ? {} : { [ALLOWED_INSTANCES_ANNOTATION]: instances }),
  };
}

/** Finds the service of a kind; where its composition can't be seen it is taken to be in the context's namespace. */
export async function findLicensed(
  client: Pick<Client, 'list'>,
  resources: readonly ServedResource[],
  word: string,
  contextNamespace: string,
): Promise<Licensed> {
  const kinds = kindsOrThrow(resources, word);
  const offers = await Promise.all(
    kinds.map(async (kind) => ({ kind, compositions: await compositionsOf(client, kind) })),
  );
  const found = offers.flatMap(({ kind, compositions }) =>
    compositions.map((composition) => ({
      kind,
      composition,
      namespace: composition.metadata.namespace ?? '',
    })),
  );
  const [kind] = kinds;
  const near = found.find(({ namespace }) => namespace === contextNamespace) ?? found[0];
  if (near !== undefined) return near;
  if (kind === undefined) throw new Error('a kind that is not unknown was found'); // never: see kindsOrThrow
  return { kind, namespace: contextNamespace, composition: undefined };
}

function kindsOrThrow(resources: readonly ServedResource[], word: string): readonly Kind<Instance>[] {
  try {
    return serviceKindsCalled(resources, word);
  } catch (error) {
    if (!(error instanceof ApplicationError)) throw error;
    const message = `Kind ${word} does not exist in the cluster in the platformapi.kubeplus api group.`;
    throw new ApplicationError(message, error.remedy, { cause: error });
  }
}

/** Keeps a licence; false if there is one already, which stays as it is. It goes with the composition. */
export async function createLicense(
  client: Pick<Client, 'create'>,
  { kind, namespace, composition }: Licensed,
  annotations: Readonly<Record<string, string>>,
  file: string,
): Promise<boolean> {
  const owner = composition?.metadata;
  const configMap: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: licenseName(kind.kind),
      namespace,
      annotations,
      ...(owner?.uid === undefined
        ? {}
        : {
            ownerReferences: [
              {
                apiVersion: apiVersionOf(RESOURCE_COMPOSITION),
                kind: RESOURCE_COMPOSITION.kind,
                name: owner.name,
                uid: owner.uid,
              },
            ],
          }),
    },
    data: { [LICENSE_FILE_KEY]: file },
  };
  try {
    await client.create(CONFIG_MAP, configMap, { fieldManager: 'kubectl-license' });
    return true;
  } catch (error) {
    if (isKubeError(error, 'AlreadyExists')) return false;
    throw error;
  }
}

/** The row of `kubectl license get`: expiry, allowed instances, licence file; undefined if there is no licence. */
export async function licenseRow(
  client: Pick<Client, 'find'>,
  { kind, namespace }: Licensed,
): Promise<readonly [string, string, string] | undefined> {
  const found = await client.find(CONFIG_MAP, { namespace, name: licenseName(kind.kind) });
  if (found === undefined) return undefined;
  const { annotations } = found.metadata;
  const none = '<none>';
  return [
    annotations?.[EXPIRY_ANNOTATION] ?? none,
    annotations?.[ALLOWED_INSTANCES_ANNOTATION] ?? none,
    found.data?.[LICENSE_FILE_KEY] ?? none,
  ];
}

/** Takes a licence away; false if there was none. */
export async function deleteLicense(
  client: Pick<Client, 'delete'>,
  { kind, namespace }: Licensed,
): Promise<boolean> {
  return (await client.delete(CONFIG_MAP, { namespace, name: licenseName(kind.kind) })) !== undefined;
}
