import { Command, InvalidArgumentError } from 'commander';
import { CONTROL_PLANE } from '../../api/control-plane.ts';
import type { ClusterAccess } from '../../client/access.ts';
import type { Client } from '../../client/client.ts';
import { dataAccess } from '../../client/data-access.ts';
import { letSpeakFor, silence, type PlaneUser } from '../../features/controlplane/plane-user.ts';
import { newServiceToken } from '../../features/controlplane/service-token.ts';
import { formatDuration, parseDuration } from '../../lib/duration.ts';
import { WrongOption } from '../../lib/wrong-option.ts';
import { kubeconfigText } from '../../pki/kubeconfig.ts';
import { UserError, type CliIo } from '../cli-io.ts';
import { tellingBeside, withHosting, type Hosting, type KflexFlags } from './hosting-connection.ts';
import { withPlaneClient } from './plane-client.ts';
import { planeKubeconfig } from './plane-context.ts';

/** Kubernetes makes no tokens that live shorter. */
const SHORTEST_MS = 600_000;
const DEFAULT_TTL = '8h';

interface UserFlags extends KflexFlags {
  readonly user: string;
  readonly group: readonly string[];
  readonly ttl: number;
  readonly revoke?: boolean;
  readonly allowSystem?: boolean;
}

/** `kflex kubeconfig`: a kubeconfig for somebody who is not the administrator, which can be taken back. */
export function userKubeconfigCommand(io: CliIo): Command {
  return new Command('kubeconfig')
    .description(
      'Print a kubeconfig of a control plane for one user; what he may do is said by RBAC in the plane',
    )
    .argument('<name>', 'name of the control plane')
    .requiredOption('--user <user>', 'who the API server is to see')
    .option(
      '--group <group>',
      'a group that he is in; may be repeated',
      (group: string, before: readonly string[]) => [...before, group],
      [],
    )
    .option('--ttl <duration>', 'how long it is good, 10m at least', readTtl, readTtl(DEFAULT_TTL))
    .option('--revoke', 'instead: end every kubeconfig that this user was given')
    .option(
      '--allow-system',
      "take names of Kubernetes' own, such as system:masters, which no rule can limit",
    )
    .action(async (name: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<UserFlags>();
      refuseSystem(flags);
      await withHosting(io, flags, (hosting) => serve(tellingBeside(io, flags), hosting, name, flags));
    });
}

async function serve(io: CliIo, hosting: Hosting, name: string, flags: UserFlags): Promise<void> {
  const plane = await hosting.client.find(CONTROL_PLANE, { name });
  if (plane === undefined)
    throw new UserError(`there is no control plane ${name}`, '`kflex list` shows those that there are.');
  const { type } = plane.spec;
  if (type === 'host' || type === 'external')
    throw new UserError(
      `control plane ${name} is of type ${type}: its users are those of a cluster that was there before`,
      'Only planes of type k8s and vcluster have users of their own.',
    );
  const source = await planeKubeconfig(hosting, plane);
  const access = await dataAccess(
    JSON.stringify(source),
    `the kubeconfig of control plane ${name}`,
    io.clock,
  );
  const { user, group, ttl } = flags;
  const work = (client: Client): Promise<string> =>
    flags.revoke === true
      ? revoke(client, user)
      : textFor(io, client, { who: { user, groups: group }, name, access, ttl });
  io.out(await withPlaneClient(io, hosting, plane, { access, work }));
}

async function revoke(client: Client, user: string): Promise<string> {
  const ended = await silence(client, user);
  return ended === 0
    ? `${user} was given nothing here.\n`
    : `What ${user} was given is refused from now on (${ended === 1 ? '1 account' : `${ended} accounts`}).\n`;
}

interface Wish {
  readonly who: PlaneUser;
  readonly name: string;
  readonly access: ClusterAccess;
  readonly ttl: number;
}

async function textFor(io: CliIo, client: Client, { who, name, access, ttl }: Wish): Promise<string> {
  const account = await letSpeakFor(client, who);
  const { token, endsAtMs } = await newServiceToken(client, account, Math.ceil(ttl / 1000));
  io.err(`Good for ${formatDuration(Math.max(0, endsAtMs - io.clock.now()))}; ended before by --revoke.\n`);
  const { server, ca = '', tlsServerName } = access;
  const names = { cluster: `${name}-cluster`, user: `${name}-${who.user}`, context: `${name}-${who.user}` };
  return kubeconfigText({
    server,
    ca,
    user: { token, as: who.user, asGroups: who.groups },
    names,
    namespace: 'default',
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  });
}

/** Kubernetes' own users and groups have rights that nobody gave them in the plane. */
function refuseSystem({ user, group, allowSystem }: UserFlags): void {
  const found = [user, ...group].find((one) => one.startsWith('system:'));
  if (found === undefined || allowSystem === true) return;
  throw new WrongOption(
    `${found} is a name of Kubernetes' own, and what it may do is not limited by rules of the plane`,
    'Take another name and bind it to a role; or say --allow-system.',
  );
}

function readTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < SHORTEST_MS)
    throw new InvalidArgumentError('Write a duration of 10m or more, such as 8h or 30d.');
  return ms;
}
