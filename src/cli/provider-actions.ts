import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { crdManifests } from '../api/crds.ts';
import { accessObjects, type AccessObject } from '../features/access/access-objects.ts';
import type { Account } from '../features/access/account.ts';
import { grantRules, requireAccount, revokeFrom } from '../features/access/change-rights.ts';
import { findSite, type Site } from '../features/access/find-site.ts';
import { readPermissionFile, requireNoImpersonation } from '../features/access/permission-file.ts';
import { missingLabels, prepareNamespace } from '../features/access/prepare-namespace.ts';
import { removeAccess } from '../features/access/remove-access.ts';
import { requireProviderPolicy } from '../features/access/require-policy.ts';
import { rightsList } from '../features/access/rights-list.ts';
import { writeAccess } from '../features/access/write-access.ts';
import { messageOf } from '../lib/error-text.ts';
import { accountKubeconfig, readText } from './account-kubeconfig.ts';
import { UserError, type CliIo } from './cli-io.ts';
import { applyClusterPart, removeClusterPart } from './cluster-part.ts';
import { withClient, type Connection } from './connect.ts';
import type { ProviderFlags } from './provider-kubeconfig.ts';

/** KubePlus's log in the current folder: what was written and when, and no token. */
const LOG_FILE = 'provider-kubeconfig.log';
/** Only the owner of the file may read a token. */
const PRIVATE = 0o600;

/** One call of `provider-kubeconfig`. */
export interface ProviderCall {
  readonly io: CliIo;
  readonly connection: Connection;
  readonly account: Account;
  readonly flags: ProviderFlags;
  readonly action: string;
}

/** Shows the rights, then makes namespace, cluster part, account and file. Safe to run again: what is there is brought up to date. */
export async function createAccount(call: ProviderCall): Promise<void> {
  const { io, connection, account, flags } = call;
  const { client } = connection;
  const site = await findSite(client, account.namespace, account.role);
  const labels = missingLabels(account, site, flags.podSecurity);
  const objects = objectsFor(account, site);
  showRights(io, account, site, objects);
  if (flags.dryRun === true) return;
  await askOwner(call);
  await prepareNamespace(client, account.namespace, site, labels);
  if (account.role === 'provider') {
    await applyClusterPart(io, connection, account.namespace);
    await requireProviderPolicy(client);
  }
  await writeAccess(client, account, objects, (text) => void log(call, `wrote ${text}`));
  await writeFileFor(call);
}

function objectsFor(account: Account, site: Site): readonly AccessObject[] {
  if (account.role === 'consumer') return accessObjects(account, undefined);
  const operatorNamespace = site.operatorNamespace ?? account.namespace;
  const place = operatorNamespace === account.namespace ? 'host' : 'guest';
  const crds = crdManifests().map(({ metadata }) => metadata.name);
  return accessObjects(account, { place, operatorNamespace, crds });
}

function showRights(io: CliIo, account: Account, site: Site, objects: readonly AccessObject[]): void {
  const { namespace, name, role } = account;
  io.out(`ServiceAccount ${name} in namespace ${namespace}, a ${role}, gets these rights:\n\n`);
  io.out(rightsList(objects));
  if (role === 'provider')
    io.out(
      site.operatorNamespace === undefined || site.operatorNamespace === namespace
        ? `\nThe operator is the provider's to install, in ${namespace}: who installs it can also act as it (ClusterRole tenantry-operator, held by\nthe admission policies of the cluster part).\n`
        : `\nThe operator runs in ${site.operatorNamespace} and is let into ${namespace} (Role tenantry-operator); the provider has no rights there.\n`,
    );
  io.out('\n');
}

/** At a terminal the owner has the last word; scripts were told by whoever wrote them. */
async function askOwner({ io, flags }: ProviderCall): Promise<void> {
  if (flags.yes === true || io.ask === undefined) return;
  const answer = (await io.ask('Grant these rights? [yes/no] ')).trim();
  if (answer === 'yes' || answer === 'y') return;
  throw new UserError('nothing was granted', 'Run it again and answer yes, or give --yes.');
}

/** Writes the file of an account that exists, with a token of now. */
export async function extractFile(call: ProviderCall): Promise<void> {
  await requireAccount(call.connection.client, call.account);
  await writeFileFor(call);
}

/** Adds or takes away what a permission file says. */
export async function changeRights(call: ProviderCall): Promise<void> {
  const { io, connection, account, flags, action } = call;
  const file = flags.permissionfile ?? '';
  const rules = readPermissionFile(await readText(io, file, '--permissionfile'), file);
  const name = fileName(call);
  if (action === 'update') {
    requireNoImpersonation(rules, file);
    await grantRules(connection.client, account, rules);
    await log(call, `added the rights of ${file}`);
    io.out(`kubeconfig permissions updated: ${name}\n`);
    return;
  }
  const answer = await revokeFrom(connection.client, account, rules);
  await log(call, `took the rights of ${file} away: ${answer}`);
  const roles = { base: account.name, update: `${account.name}-update` };
  const said = {
    revoked: `kubeconfig permissions revoked: ${name}`,
    none: `No clusterrole '${roles.base}' or '${roles.update}' found; nothing to revoke.`,
    untouched: `Nothing to revoke: permission file didn't strip any verbs from ${roles.base} or ${roles.update}.`,
  };
  io.out(`${said[answer]}\n`);
}

/** Takes the account, its rights and its file away; the namespace stays, as in KubePlus. */
export async function deleteAccount(call: ProviderCall): Promise<void> {
  const { io, connection, account } = call;
  const removed = await removeAccess(connection.client, account);
  for (const what of removed) {
    await log(call, `deleted ${what}`);
    io.out(`deleted ${what}\n`);
  }
  await rm(resolve(io.cwd, fileName(call)), { force: true });
  if (removed.length === 0) io.out(`There is no ${account.role} ${account.name} in ${account.namespace}.\n`);
  if (account.role === 'provider') await removeClusterPart(io, connection, account.namespace);
}

function fileName({ account, flags }: ProviderCall): string {
  return `${flags.filename ?? account.name}.json`;
}

async function writeFileFor(call: ProviderCall): Promise<void> {
  const { io, account } = call;
  const name = fileName(call);
  const path = resolve(io.cwd, name);
  const { document, until } = await accountKubeconfig(io, call.connection, account, call.flags);
  await writeFile(path, document, { mode: PRIVATE });
  await log(call, `wrote ${name}`);
  if (until !== undefined)
    io.out(`The token is valid until ${until}; \`provider-kubeconfig extract\` renews it.\n`);
  const trouble = await tryFile(io, path);
  if (trouble !== undefined)
    io.err(
      `warning: ${name} does not work from here: ${trouble}\n  Give an address and authority that do: -s/--apiserverurl, --certificate-authority.\n`,
    );
  io.out(`${account.role === 'provider' ? 'Provider' : 'Consumer'} kubeconfig created: ${name}\n`);
}

/** What is wrong with a file, tried as its owner will: undefined if the server takes it. */
async function tryFile(io: CliIo, kubeconfig: string): Promise<string | undefined> {
  try {
    await withClient(io, { kubeconfig }, ({ client }) => client.raw({ method: 'GET', path: '/version' }));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function log({ io, account, action }: ProviderCall, what: string): Promise<void> {
  const time = new Date(io.clock.now()).toISOString();
  const line = `${time} ${action} ${account.namespace}/${account.name}: ${what}\n`;
  await appendFile(join(io.cwd, LOG_FILE), line);
}
