import type { Control } from '../control.ts';

/** Where charts are got from. */
export const CHART_SOURCES: readonly Control[] = [
  {
    attack: 'a chart URL to the metadata service, a private or cluster address',
    file: 'src/helm/private-address.ts',
    find: "  '169.254.0.0/16', // link-local, where clouds serve metadata\n",
    replace: '',
    test: { file: 'src/helm/private-address.test.ts', name: 'stops %s' },
  },
  {
    attack: 'IPv6 forms of such addresses',
    file: 'src/helm/private-address.ts',
    find: "  '::/3',\n",
    replace: '',
    test: { file: 'src/helm/private-address.test.ts', name: 'stops %s' },
  },
  {
    attack: 'a redirect to such an address',
    file: 'src/helm/source-request.ts',
    find: '    checkUrl(url, around);\n',
    replace: '    if (hop === 0) checkUrl(url, around);\n',
    test: { file: 'src/helm/chart-source.test.ts', name: 'a redirect to a file' },
  },
  {
    attack: 'a name that resolves to such an address, or to another one the second time',
    file: 'src/helm/source-request.ts',
    find: 'addresses.find(({ address }) => !guard(address))',
    replace: 'addresses.slice(1).find(({ address }) => !guard(address) && isIP(address) === 6)',
    test: { file: 'src/helm/chart-source.test.ts', name: 'refuses if one of several addresses is private' },
  },
  {
    attack: 'such an address behind a proxy',
    file: 'src/helm/source-request.ts',
    find: '  if (!isListedHost(url.hostname, proxy.allowedHosts ?? [])) {',
    replace: '  if (isIP(url.hostname) !== 0) {',
    test: { file: 'src/helm/chart-source.test.ts', name: 'asks nobody through a proxy but listed hosts' },
  },
  {
    attack: 'credentials follow a redirect',
    file: 'src/helm/source-request.ts',
    find: 'url.origin === page.url.origin ? authorization(page) : {}',
    replace: 'authorization(page)',
    test: {
      file: 'src/helm/chart-source.test.ts',
      name: 'shows credentials to the server they are for and to no other',
    },
  },
  {
    attack: 'a host’s credentials are shown to its mirror',
    file: 'src/helm/chart-mirrors.ts',
    find: '    caBundle: undefined,\n    credentials,\n',
    replace: '    caBundle: undefined,\n    credentials: download.credentials,\n',
    test: {
      file: 'src/helm/chart-mirrors.test.ts',
      name: 'gets neither credentials nor authorities of the host, which gets them as before',
    },
  },
  {
    attack: 'a chart URL leads to what a mirror has beside its path',
    file: 'src/helm/chart-mirrors.ts',
    find: 'DISGUISED.test(url.pathname) ? undefined : ',
    replace: '',
    test: { file: 'src/helm/chart-mirrors.test.ts', name: 'is not led out of its path' },
  },
  {
    attack: 'a mirror redirects to a private address',
    file: 'src/helm/source-request.ts',
    find: 'url.host === given.chosen ?',
    replace: 'given.chosen !== undefined ?',
    test: {
      file: 'src/helm/chart-mirrors.test.ts',
      name: 'may be on a private network; what it redirects to may not',
    },
  },
  {
    attack: 'a registry’s password is sent to a token server of somebody else',
    file: 'src/helm/chart-registry.ts',
    find: '  if (server.protocol !== registry.protocol) return false;',
    replace: '  if (server.protocol !== "") return true;',
    test: { file: 'src/helm/chart-registry.test.ts', name: 'are shown to no token server %s' },
  },
  {
    attack: 'a registry delivers other bytes than it names',
    file: 'src/helm/chart-registry.ts',
    find: '  if (found === digest) return;',
    replace: '  if (found !== "") return;',
    test: { file: 'src/helm/chart-registry.test.ts', name: 'is refused where the registry has %s' },
  },
  {
    attack: 'a signature that was made for another chart',
    file: 'src/helm/chart-registry.ts',
    find: 'if (signedDigest(parseJson(payload, host)) === `sha256:${digest}`) return;',
    replace: 'return;',
    test: {
      file: 'src/helm/chart-registry.test.ts',
      name: 'signed with what was signed for another chart',
    },
  },
  {
    attack: 'an older version, signed as well, comes in place of the wanted one',
    file: 'src/helm/chart-source.ts',
    find: '`${entry.name}-${entry.version}.tgz`',
    replace: "'shop-1.0.0.tgz'",
    test: { file: 'test/component/chart-sources.test.ts', name: 'is refused with %s' },
  },
  {
    attack: 'a chart changes after it was registered',
    file: 'src/helm/chart-store.ts',
    find: '  if (sha256(bytes) === digest) return bytes;',
    replace: '  return bytes;',
    test: {
      file: 'test/component/chart-store.test.ts',
      name: 'are refused when somebody put other bytes in their place',
    },
  },
];
