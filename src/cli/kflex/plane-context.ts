import { isJsonObject, type JsonObject } from '../../api/json-schema.ts';
import type { ControlPlane } from '../../api/control-plane.ts';
import { SECRET } from '../../kube/builtin-kinds.ts';
import { parseYaml } from '../../kube/yaml.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { addPlane } from './contexts.ts';
import { editKubeconfig } from './edit-kubeconfig.ts';
import { filesAround, type Hosting, type KflexFlags } from './hosting-connection.ts';
import { useContext, type KubeFiles } from './kube-files.ts';

/** The kubeconfig by which a plane is reached from outside, out of its Secret. Throws UserError where it has none. */
export async function planeKubeconfig({ client }: Hosting, plane: ControlPlane): Promise<JsonObject> {
  const { name } = plane.metadata;
  const { secretRef } = plane.status ?? {};
  const secret = secretRef && (await client.find(SECRET, secretRef));
  const data = secretRef?.key === undefined ? undefined : secret?.data?.[secretRef.key];
  const value = data === undefined ? undefined : parseYaml(Buffer.from(data, 'base64').toString('utf8'));
  if (isJsonObject(value)) return value;
  throw new UserError(
    `control plane ${name} has no kubeconfig for use from here yet`,
    `\`kubectl describe controlplane ${name}\` says what it waits for.`,
  );
}

/** Brings the context of a plane into the kubeconfig and uses it; `prepare` changes the kubeconfig before. */
export async function switchToPlane(
  io: CliIo,
  { kubeconfig }: KflexFlags,
  planeAndSource: { readonly plane: string; readonly source: JsonObject },
  prepare: (files: KubeFiles) => KubeFiles = (files) => files,
): Promise<void> {
  const { plane, source } = planeAndSource;
  await editKubeconfig({ kubeconfig }, filesAround(io), (files) =>
    useContext(addPlane(prepare(files), plane, source, io.clock.now()), plane),
  );
  io.out(`Switched to context "${plane}".\n`);
}

/** Uses the context of the hosting cluster. */
export async function switchToHosting(
  io: CliIo,
  { kubeconfig }: KflexFlags,
  { context }: Pick<Hosting, 'context'>,
): Promise<void> {
  if (context === undefined)
    throw new UserError(
      'there is no kubeconfig here, so there is no context to switch to',
      'Give one with --kubeconfig.',
    );
  await editKubeconfig({ kubeconfig }, filesAround(io), (files) => useContext(files, context));
  io.out(`Switched to context "${context}".\n`);
}
