import { forFamily, SELF_SET, VERDICT_MAPS, type NftCollection, type NftTable } from './nft-table.ts';

/** Our table; nothing of kube-proxy's or the CNI plug-ins' is ever touched. */
export const NFT_TABLE = 'inet tenantry';

/**
 * The fixed part. The hooks come after address translation of Services and before source translation, so rules see
 * real pods at both ends. `filter + 10`: after kube-proxy's own filter, so that its quick rejection of a Service
 * without endpoints reaches the client. An accept here does not overrule other tables; a drop is final.
 *
 * - antispoof: a pod that may send raw packets must not borrow another pod's address, else policies by address are void.
 *   A source is believed only if the way back leads through the interface it came from. `::` and link-local sources
 *   are needed by neighbour discovery and never match a policy.
 * - forward: everything between pods, and between pods and the world.
 * - input: what pods send to their own node. Only egress counts there. The other way — node to its pods, kubelet's
 *   probes — goes through `output`, where we have no hook: it is always allowed.
 */
const BASE_CHAINS = `
chain antispoof {
  type filter hook prerouting priority raw; policy accept;
  iif lo accept
  ip6 saddr { ::, fe80::/10 } accept
  ip saddr 0.0.0.0 accept
  fib saddr . iif oif missing counter drop
}
chain isolated_egress {
  ip saddr . ip daddr @${forFamily(SELF_SET, 4)} accept
  ip6 saddr . ip6 daddr @${forFamily(SELF_SET, 6)} accept
  ip saddr vmap @${forFamily(VERDICT_MAPS.egress, 4)}
  ip6 saddr vmap @${forFamily(VERDICT_MAPS.egress, 6)}
}
chain forward {
  type filter hook forward priority filter + 10; policy accept;
  ct state established,related accept
  jump isolated_egress
  ip daddr vmap @${forFamily(VERDICT_MAPS.ingress, 4)}
  ip6 daddr vmap @${forFamily(VERDICT_MAPS.ingress, 6)}
}
chain input {
  type filter hook input priority filter + 10; policy accept;
  ct state established,related accept
  icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
  jump isolated_egress
}`;

/** A script that puts the whole table in place of whatever is there, in one transaction: at no time is there no policy. */
export function replaceScript(table: NftTable): string {
  return [
    // `delete` fails on a table that isn't there; adding it first is harmless.
    `add table ${NFT_TABLE}`,
    `delete table ${NFT_TABLE}`,
    `table ${NFT_TABLE} {`,
    ...[...table.collections].map(([name, collection]) => declaration(name, collection)),
    ...chainBlocks(table.chains),
    BASE_CHAINS,
    '}',
    '',
  ].join('\n');
}

/**
 * The script that turns `before` into `after` in one transaction, or '' if they are equal. The order matters inside
 * the transaction: a thing exists before it is named and is named no more before it goes.
 */
export function updateScript(before: NftTable, after: NftTable): string {
  const born = [...after.collections].filter(([name]) => !before.collections.has(name));
  const chains = new Map([...after.chains].filter(([name]) => !before.chains.has(name)));
  const removed = [...before.chains.keys()].filter((name) => !after.chains.has(name));
  const kept = [...after.collections].flatMap(([name, next]) => {
    const previous = before.collections.get(name);
    return previous === undefined ? [] : [{ name, previous, next }];
  });
  const declarations = [...born.map(([name, one]) => declaration(name, one)), ...chainBlocks(chains)];
  return [
    ...(declarations.length === 0 ? [] : [`table ${NFT_TABLE} {`, ...declarations, '}']),
    ...kept.flatMap(({ name, previous, next }) => elementChanges(name, previous, next)),
    ...removed.flatMap((name) => [`flush chain ${NFT_TABLE} ${name}`, `delete chain ${NFT_TABLE} ${name}`]),
    ...[...before.collections]
      .filter(([name]) => !after.collections.has(name))
      .map(([name, { form }]) => `delete ${form} ${NFT_TABLE} ${name}`),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function declaration(name: string, { form, type, elements }: NftCollection): string {
  const list = [...elements].map(elementText).join(', ');
  const content = list === '' ? '' : ` elements = { ${list} };`;
  return `${form} ${name} { type ${type};${content} }`;
}

function chainBlocks(chains: NftTable['chains']): string[] {
  return [...chains].map(([name, rules]) => `chain ${name} {\n${rules.join('\n')}\n}`);
}

/** Removals first: a key of a map that gets another value is taken out and put in again, which nobody sees. */
function elementChanges(name: string, previous: NftCollection, next: NftCollection): string[] {
  const gone = [...previous.elements].filter(([key, value]) => next.elements.get(key) !== value);
  const come = [...next.elements].filter(([key, value]) => previous.elements.get(key) !== value);
  const change = (verb: string, elements: readonly (readonly [string, string])[]): string[] =>
    elements.length === 0
      ? []
      : [`${verb} element ${NFT_TABLE} ${name} { ${elements.map(elementText).join(', ')} }`];
  return [...change('delete', gone), ...change('add', come)];
}

const elementText = ([key, value]: readonly [string, string]): string =>
  value === '' ? key : `${key} : ${value}`;
