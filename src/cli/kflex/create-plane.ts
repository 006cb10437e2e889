import { Command, InvalidArgumentError, Option } from 'commander';
import { CONTROL_PLANE, type ControlPlane, type ControlPlaneSpec } from '../../api/control-plane.ts';
import { apiVersionOf } from '../../kube/kind.ts';
import { isKubeError } from '../../kube/kube-error.ts';
import { WrongOption } from '../../lib/wrong-option.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { secondsOf } from '../option-checks.ts';
import { waitReady } from '../wait-ready.ts';
import { refuseForeign } from './contexts.ts';
import { readKubeFiles } from './edit-kubeconfig.ts';
import {
  filesAround,
  tellingBeside,
  withHosting,
  type Hosting,
  type KflexFlags,
} from './hosting-connection.ts';
import { planeKubeconfig, switchToHosting, switchToPlane } from './plane-context.ts';

/** Seconds until a plane counts as failed; as KubeFlex waits. */
export const DEFAULT_WAIT_SECONDS = 600;
const TYPES = ['k8s', 'vcluster', 'host', 'external'] as const;
const BACKENDS = ['shared', 'dedicated'] as const;

/** What hooks are used, and with what. */
export interface HookFlags {
  readonly postcreateHook?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
}

interface CreateFlags extends KflexFlags, HookFlags {
  readonly type: (typeof TYPES)[number];
  readonly backendType?: (typeof BACKENDS)[number];
  readonly kubernetesVersion?: string;
  readonly ttl?: string;
  readonly waitForHooks?: boolean;
  readonly wait: boolean;
  readonly timeout: number;
}

/** The flags for hooks, at the verbs that make a plane. */
export function withHookFlags(command: Command): Command {
  return command
    .option(
      '-p, --postcreate-hook <name>',
      'PostCreateHook to apply; may be repeated',
      (name: string, before: readonly string[] | undefined) => [...(before ?? []), name],
    )
    .option('-e, --set <name=value>', 'variable of the hooks; may be repeated', readVariable);
}

/** The hooks as a plane names them: with one hook its variables, with several those of all. */
export function hooksOf({ postcreateHook = [], set }: HookFlags): Partial<ControlPlaneSpec> {
  const [hookName, ...more] = postcreateHook;
  if (hookName === undefined) {
    if (set === undefined) return {};
    throw new WrongOption(
      '--set means nothing without --postcreate-hook',
      'Name the hook it is for: -p HOOK.',
    );
  }
  if (more.length > 0)
    return {
      postCreateHooks: postcreateHook.map((name) => ({ hookName: name })),
      ...(set === undefined ? {} : { globalVars: set }),
    };
  return { postCreateHooks: [{ hookName, ...(set === undefined ? {} : { vars: set }) }] };
}

/** `kflex create`: a control plane, waited for, and its context in use. */
export function createCommand(io: CliIo): Command {
  const command = new Command('create')
    .description('Create a control plane and switch to it')
    .argument('<name>', 'name of the control plane')
    .addOption(new Option('-t, --type <type>', 'type of the plane').choices(TYPES).default('k8s'))
    .addOption(new Option('-b, --backend-type <backend>', 'where its objects are kept').choices(BACKENDS))
    .option('--kubernetes-version <version>', 'a minor of Kubernetes, such as 1.36 (default: the newest)')
    .option('--ttl <duration>', 'delete it after this time: 36h, 14d (default: it stays)')
    .option('--wait-for-hooks', 'Ready only when what the hooks made works')
    .option('--no-wait', 'do not wait until it is ready, and stay in this context')
    .option('--timeout <seconds>', 'how long to wait', secondsOf, DEFAULT_WAIT_SECONDS);
  return withHookFlags(command).action(async (name: string, _flags: unknown, self: Command) => {
    const flags = self.optsWithGlobals<CreateFlags>();
    await create(tellingBeside(io, flags), name, flags);
  });
}

async function create(io: CliIo, name: string, flags: CreateFlags): Promise<void> {
  const { type, backendType, kubernetesVersion, ttl, waitForHooks } = flags;
  if (type === 'external')
    throw new WrongOption(
      'a plane of type external takes over a cluster that exists',
      `Use \`kflex adopt ${name} --adopted-kubeconfig FILE --adopted-context CONTEXT\`.`,
    );
  const spec = {
    type,
    ...(backendType === undefined ? {} : { backend: backendType }),
    ...(kubernetesVersion === undefined ? {} : { version: kubernetesVersion }),
    ...(ttl === undefined ? {} : { ttl }),
    ...hooksOf(flags),
    ...(waitForHooks === true ? { waitForPostCreateHooks: true } : {}),
  };
  // Before anything is made: a context of somebody else that has the name would be in the way at the end.
  if (type !== 'host') refuseForeign(await readKubeFiles(flags, filesAround(io)), name);
  await withHosting(io, flags, async (hosting) => {
    await createObject(hosting, name, spec);
    if (flags.wait) await switchWhenReady(io, hosting, name, flags);
    else io.out(`Control plane ${name} is being made: \`kflex ctx ${name}\` switches to it.\n`);
  });
}

/** Makes the object; one of the name that is there already is nobody's to take over. */
export async function createObject({ client }: Hosting, name: string, spec: ControlPlaneSpec): Promise<void> {
  try {
    await client.create(CONTROL_PLANE, {
      apiVersion: apiVersionOf(CONTROL_PLANE),
      kind: CONTROL_PLANE.kind,
      metadata: { name },
      spec,
    });
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error;
    throw new UserError(`control plane ${name} exists already`, `Switch to it: \`kflex ctx ${name}\`.`, {
      cause: error,
    });
  }
}

/** Waits until a plane is ready and goes there; for the hosting cluster itself that is its own context. */
export async function switchWhenReady(
  io: CliIo,
  hosting: Hosting,
  name: string,
  flags: KflexFlags & { readonly timeout: number },
): Promise<void> {
  const { timeout } = flags;
  const plane = await io.progress.step(`control plane ${name}`, (note) =>
    waitReady<ControlPlane>(
      CONTROL_PLANE,
      { name },
      { client: hosting.client, clock: io.clock, signal: io.signal, timeoutMs: timeout * 1000, note },
    ),
  );
  if (plane.spec.type === 'host') {
    io.out(`Control plane ${name} is the hosting cluster itself.\n`);
    await switchToHosting(io, flags, hosting);
    return;
  }
  await switchToPlane(io, flags, { plane: name, source: await planeKubeconfig(hosting, plane) });
}

function readVariable(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Write NAME=VALUE.');
  return { ...before, [name]: value };
}
