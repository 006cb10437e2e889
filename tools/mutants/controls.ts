/** A control against an attack, and what the code reads like without it: then the named test must fail. */
export interface Control {
  /** The attack, in the words of docs/security.md. */
  readonly attack: string;
  readonly file: string;
  /** Stands once in the file. */
  readonly find: string;
  readonly replace: string;
  readonly test: { readonly file: string; readonly name: string };
}

/** Every control that is code, in the order of docs/security.md. Those that are policies of the chart are in `policies.ts`. */
export const CONTROLS: readonly Control[] = [
  {
    attack: 'an existing namespace is adopted',
    file: 'src/features/instance/seen-namespace.ts',
    find: "  if (object.metadata.labels?.[INSTANCE_UID_LABEL] !== uid) return { state: 'taken', object };\n",
    replace: '',
    test: {
      file: 'test/component/instance-trouble.test.ts',
      name: 'refuses a namespace that is not ours, and leaves it alone on deletion, too',
    },
  },
  {
    attack: 'an instance names a namespace to take over, and nobody gave it that',
    file: 'src/features/instance/seen-namespace.ts',
    find: "  if (object.metadata.labels?.[INSTANCE_UID_LABEL] !== uid) return { state: 'taken', object };\n",
    replace: '',
    test: {
      file: 'test/component/adopt.test.ts',
      name: 'touches nothing in a namespace that an instance only names',
    },
  },
  {
    attack: 'an instance that takes over a namespace has one made by a name of its choice',
    file: 'src/features/instance/next-action.ts',
    find: " || (state.adopts && state.namespace === 'absent')",
    replace: '',
    test: {
      file: 'test/component/adopt.test.ts',
      name: 'makes no namespace by a name of the user’s choice',
    },
  },
  {
    attack: 'the release that is taken over is another than was looked at',
    file: 'src/features/instance/gather-start.ts',
    find: 'if (isAdoption && previous?.content !== adopted.content) return { failure: foundAnother(adopted) };',
    replace: '',
    test: {
      file: 'test/component/adopt.test.ts',
      name: 'writes nothing of a release that is another than was looked at',
    },
  },
  {
    attack: 'an instance moves on and leaves behind what it has, out of sight of quotas and plans',
    file: 'src/features/instance/admit.ts',
    find: 'if (oldObject !== undefined && holdsNamespace) {',
    replace: 'if (oldObject !== undefined && !holdsNamespace) {',
    test: {
      file: 'src/features/instance/admit.test.ts',
      name: 'stays once the instance lives somewhere: what it has there would be left behind (%s)',
    },
  },
  {
    attack: 'an instance is migrated from one that its creator may not delete',
    file: 'src/features/instance/handlers.ts',
    find: "    return 'notYours';\n",
    replace: "    return 'ready';\n",
    test: {
      file: 'src/features/instance/handlers.test.ts',
      name: 'migrates nothing that the user may not delete',
    },
  },
  {
    attack: "an instance that was let take over one takes a later one of that name, somebody else's",
    file: 'src/features/instance/migration.ts',
    find: '    source.metadata.uid === sourceUidOf(instance) &&\n',
    replace: '',
    test: { file: 'test/component/migration.test.ts', name: 'takes nothing from %s' },
  },
  {
    attack: 'the namespace of an instance is taken by one of another kind that does not give it',
    file: 'src/features/instance/migration.ts',
    find: '    holder.metadata.labels?.[INSTANCE_UID_LABEL] === uid &&\n',
    replace: '',
    test: { file: 'src/features/instance/migration.test.ts', name: 'gives nothing: %s' },
  },
  {
    attack: 'a namespace of another instance is adopted, between look and write',
    file: 'src/runtime/write.ts',
    find: '  if (!ours) throw notOurs(kind, object.metadata, ownerLabel, owner);\n',
    replace: '',
    test: {
      file: 'test/component/instance-attacks.test.ts',
      name: 'never share it: one has it, the other says so and writes nothing',
    },
  },
  {
    attack: 'a foreign object is adopted',
    file: 'src/runtime/write.ts',
    find: '  if (!ours) throw notOurs(kind, object.metadata, ownerLabel, owner);\n',
    replace: '',
    test: {
      file: 'test/component/instance-trouble.test.ts',
      name: 'never takes over a foreign object in its namespace',
    },
  },
  {
    attack: 'names that join to the same namespace',
    file: 'src/features/instance/names.ts',
    find: 'shortHash(`${instance.namespace}/${instance.name}`, HASH_LENGTH)',
    replace: 'shortHash(`${instance.namespace}-${instance.name}`, HASH_LENGTH)',
    test: { file: 'src/features/instance/names.test.ts', name: 'tells apart what joins to the same text' },
  },
  {
    attack: 'a name like the namespace of another instance',
    file: 'src/features/instance/admit.ts',
    find: 'if (namespace === operatorNamespace && looksHashed(name)) {',
    replace: "if (looksHashed('')) {",
    test: {
      file: 'src/features/instance/admit.test.ts',
      name: 'a name like that of another namespace’s instance',
    },
  },
  {
    attack: 'a group that is tried until its hash is that of another service',
    file: 'src/api/instance.ts',
    find: 'const RIGHTS_HASH = 32;',
    replace: 'const RIGHTS_HASH = 8;',
    test: { file: 'src/api/instance.test.ts', name: 'can’t be found by trying: 128 bits of them are a hash' },
  },
  {
    attack: 'a release record is forged, to have the service write what the forger may not',
    file: 'src/features/instance/load-release.ts',
    find: '(wanted === undefined || wanted === contentDigest(read.record))',
    replace: 'true',
    test: {
      file: 'test/component/instance-attacks.test.ts',
      name: 'leads to no write: what it renders to is known by digest',
    },
  },
  {
    attack: 'the notes of a release record are forged',
    file: 'src/features/instance/gather.ts',
    find: "  return helmreleaseText(identity.target, identity.release, '');",
    replace: '  return text;',
    test: { file: 'test/component/instance-attacks.test.ts', name: 'says nothing in the status' },
  },
  {
    attack: 'text of tenants in arguments of programs',
    file: 'src/main/operator.ts',
    find: "import { systemClock } from '../lib/clock.ts';",
    replace: "import 'node:child_process';\nimport { systemClock } from '../lib/clock.ts';",
    test: { file: 'test/unit/no-programs.test.ts', name: 'reaches nothing that could start one' },
  },
  {
    attack: 'YAML in values that ends a document',
    file: 'src/features/instance/scope.ts',
    find: '  return kind.namespaced ? namespacedFinding(one, kind, context) : clusterFinding(one, kind, context);',
    replace: '  return kind.namespaced ? namespacedFinding(one, kind, context) : undefined;',
    test: {
      file: 'test/component/helm-engine-attacks.test.ts',
      name: 'stay what they are in quotes, and without them meet the scope check',
    },
  },
  {
    attack: 'paths that leave the chart',
    file: 'src/helm/archive.ts',
    find: "    parts.includes('..') ||\n",
    replace: '',
    test: { file: 'src/helm/archive.test.ts', name: 'a path that goes up' },
  },
  {
    attack: 'links and devices in archives',
    file: 'src/helm/archive.ts',
    find: "  if (entry.type === 'link' || entry.type === 'device' || entry.type === 'unknown')",
    replace: "  if (entry.type === 'device' || entry.type === 'unknown')",
    test: { file: 'src/helm/archive.test.ts', name: 'a symbolic link' },
  },
  {
    attack: 'entries that differ by case only',
    file: 'src/helm/archive.ts',
    find: "path.normalize('NFC').toLowerCase()",
    replace: "path.normalize('NFC')",
    test: { file: 'src/helm/archive.test.ts', name: 'names that differ by case only' },
  },
  {
    attack: 'a decompression bomb',
    file: 'src/helm/archive.ts',
    find: '  if (size > RATIO_FROM && size > limits.ratio * Math.max(1, gunzip.bytesWritten))',
    replace: '  if (size > limits.unpacked * limits.ratio * Math.max(1, gunzip.bytesWritten))',
    test: { file: 'src/helm/archive.test.ts', name: 'refuses a decompression bomb before it is unpacked' },
  },
  {
    attack: 'YAML aliases that multiply',
    file: 'src/helm/archive.ts',
    find: '    if (expandedYamlSize(new TextDecoder().decode(data)) > MAX_YAML_NODES)',
    replace: "    if (expandedYamlSize('') > MAX_YAML_NODES)",
    test: { file: 'src/helm/archive.test.ts', name: 'aliases that multiply in values' },
  },
  {
    attack: 'a document made to be parsed for long',
    file: 'src/kube/yaml.ts',
    find: '    if (lexemes > MAX_LEXEMES)',
    replace: '    if (lexemes < 0)',
    test: { file: 'src/kube/yaml.test.ts', name: 'gives up on a document that was made to take long' },
  },
  {
    attack: 'a schema whose references double',
    file: 'src/helm/relax-schema.ts',
    find: 'const MAX_NODES = 5000;',
    replace: 'const MAX_NODES = 2_000_000;',
    test: { file: 'src/helm/schema-bombs.test.ts', name: 'is compiled soon and small: %s' },
  },
  {
    attack: 'a pattern or rule that takes for ever',
    file: 'src/features/instance/validate-values.ts',
    find: 'const CHECK_MS = 500;',
    replace: 'const CHECK_MS = 8000;',
    test: {
      file: 'src/features/instance/validate-values.test.ts',
      name: 'leaves %s without end to Helm, and soon',
    },
  },
  {
    attack: 'a template that loops',
    file: 'src/helm/helm-worker.ts',
    find: 'if (computed >= limits.renderMs)',
    replace: 'if (computed >= limits.renderMs * 100)',
    test: {
      file: 'test/component/helm-engine.test.ts',
      name: 'ends a template that loops, while others go on, and renders again afterwards',
    },
  },
  {
    attack: 'a template that fills the memory',
    file: 'src/helm/wasm-memory.ts',
    find: 'const pages = Math.floor(bytes / WASM_PAGE);',
    replace: 'const pages = WASM_PAGE;',
    test: { file: 'src/helm/wasm-memory.test.ts', name: 'bounds the growth of the memory of a module' },
  },
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
    file: 'src/helm/chart-source.ts',
    find: '    checkUrl(url, download, around);\n',
    replace: '    if (hop === 0) checkUrl(url, download, around);\n',
    test: { file: 'src/helm/chart-source.test.ts', name: 'a redirect to a file' },
  },
  {
    attack: 'a name that resolves to such an address, or to another one the second time',
    file: 'src/helm/chart-source.ts',
    find: 'addresses.find(({ address }) => !guard(address))',
    replace: 'addresses.slice(1).find(({ address }) => !guard(address) && isIP(address) === 6)',
    test: { file: 'src/helm/chart-source.test.ts', name: 'refuses if one of several addresses is private' },
  },
  {
    attack: 'such an address behind a proxy',
    file: 'src/helm/chart-source.ts',
    find: '  if (!isListedHost(url.hostname, proxy.allowedHosts ?? [])) {',
    replace: '  if (isIP(url.hostname) !== 0) {',
    test: { file: 'src/helm/chart-source.test.ts', name: 'asks nobody through a proxy but listed hosts' },
  },
  {
    attack: 'credentials follow a redirect',
    file: 'src/helm/chart-source.ts',
    find: 'url.origin === download.url.origin ? authorization(download) : {}',
    replace: 'authorization(download)',
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
    file: 'src/helm/chart-source.ts',
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
  {
    attack: 'an object for a foreign namespace',
    file: 'src/features/instance/scope.ts',
    find: "  if (namespace !== undefined && namespace !== '' && namespace !== context.target) {",
    replace: '  if (namespace === context.release) {',
    test: { file: 'src/features/instance/scope.test.ts', name: 'an object of a foreign namespace' },
  },
  {
    attack: 'a kind that belongs to no namespace',
    file: 'src/features/instance/scope.ts',
    find: '  if (context.revision.policies.allowedClusterKinds.includes(name)) return undefined;',
    replace: '  return undefined;',
    test: { file: 'src/features/instance/scope.test.ts', name: 'a cluster-scoped object' },
  },
  {
    attack: 'kinds and subresources that nobody granted',
    file: 'src/features/instance/scope.ts',
    find: '  if (registered || rulesAllow(INSTANCE_RULES, what) || rulesAllow(revision.rules, what)) return undefined;',
    replace: '  return undefined;',
    test: {
      file: 'src/features/instance/scope.test.ts',
      name: 'writes no %s, which the server takes without keeping it',
    },
  },
  {
    attack: 'names of what isolates the instance',
    file: 'src/features/instance/scope.ts',
    find: '  if (isReserved(one.object, kind, context.release)) {',
    replace: "  if (isReserved(one.object, kind, '') && context.release === '') {",
    test: { file: 'src/features/instance/scope.test.ts', name: 'the isolating network policy' },
  },
  {
    attack: 'owners that are somebody else’s',
    file: 'src/features/instance/scope.ts',
    find: '  if ((metadata.ownerReferences ?? []).length > 0) {',
    replace: '  if ((metadata.ownerReferences ?? []).length > 9) {',
    test: {
      file: 'src/features/instance/scope.test.ts',
      name: 'an object that somebody else’s would delete, or that would keep it from going',
    },
  },
  {
    attack: 'the owner of one instance opens the network of another',
    file: 'src/features/instance/network-policies.ts',
    find: "    { key: INSTANCE_UID_LABEL, operator: 'In', values: [uid] },\n",
    replace: '',
    test: {
      file: 'src/features/instance/traffic.test.ts',
      name: 'is not meant for whoever takes the name later',
    },
  },
  {
    attack: 'templates look up what is not theirs',
    file: 'src/features/instance/lookup.ts',
    find: '    if (namespace !== target) return undefined;\n',
    replace: '',
    test: {
      file: 'src/features/instance/lookup.test.ts',
      name: 'knows nothing of %s, and does not even ask',
    },
  },
  {
    attack: 'somebody registers who is no provider',
    file: 'src/features/service/admit.ts',
    find: '  if (!world.mayRegister) return [{ message: NOT_A_PROVIDER }];\n',
    replace: '',
    test: {
      file: 'test/component/service-admission.test.ts',
      name: 'tells somebody who may not register nothing but that',
    },
  },
  {
    attack: 'privileged pods for every provider',
    file: 'src/features/service/admit.ts',
    find: "  if (policies?.podSecurity === 'privileged' && !world.mayUnconfine) {",
    replace: "  if (policies?.podSecurity === 'privileged' && world.capacity === undefined) {",
    test: {
      file: 'test/component/service-attacks.test.ts',
      name: 'gets no privileged pods without a right of his own',
    },
  },
  {
    attack: 'a Secret of others sent to a host of one’s choice',
    file: 'src/features/service/admit.ts',
    find: '  if (world.unreadableSecret !== undefined) {',
    replace: "  if (world.unreadableSecret === '') {",
    test: {
      file: 'test/component/service-attacks.test.ts',
      name: 'has no Secret sent to a host of his choice that he may not read himself',
    },
  },
  {
    attack: 'a forged admission review',
    file: 'src/features/service/handlers.ts',
    find: '  if (spec.newResource.chart?.secretRef !== undefined) return { problems: [], warnings: [LATER] };\n',
    replace: '',
    test: {
      file: 'test/component/service-attacks.test.ts',
      name: 'has none sent by a review that only says who asks: webhooks are open to the pod network',
    },
  },
  {
    attack: 'registering in the namespace of an instance',
    file: 'src/api/tenant-of-namespace.ts',
    find: ' && labels[INSTANCE_UID_LABEL] === undefined;',
    replace: ';',
    test: {
      file: 'test/component/service-attacks.test.ts',
      name: 'is no provider in the namespace of an instance, which KubePlus labels alike',
    },
  },
  {
    attack: 'kinds in groups of Kubernetes or of ours',
    file: 'src/features/service/spec-findings.ts',
    find: "  return isIn(TENANTRY_GROUP) || isIn(WORKFLOWS_GROUP) ? 'Tenantry' : undefined;",
    replace: '  return undefined;',
    test: { file: 'test/component/service-attacks.test.ts', name: 'registers nothing in %s' },
  },
  {
    attack: "names of other providers' kinds are taken",
    file: 'src/features/service/admit.ts',
    find: '  if (!world.mayUseGroup && world.registered === undefined) {',
    replace: '  if (world.resource.group === undefined) {',
    test: {
      file: 'test/component/service-attacks.test.ts',
      name: 'takes no names in a group that others register in, unless he may use its kinds himself',
    },
  },
  {
    attack: "a chart is tried on policies with the rights of somebody else's service",
    file: 'src/features/service/handlers.ts',
    find: 'findings.length > 0 || sample === undefined',
    replace: 'sample === undefined',
    test: {
      file: 'test/component/service-policies.test.ts',
      name: 'is not tried as the account of a kind that belongs to somebody else',
    },
  },
  {
    attack: "trying a chart on policies stores something, or is done with the operator's rights",
    file: 'src/features/service/policy-trial.ts',
    find: 'asker(deps.client.as(account), ',
    replace: 'asker(deps.client, ',
    test: {
      file: 'test/component/policy-trial.test.ts',
      name: 'stores nothing, reaches no further than the account of instances, and asks of each object once',
    },
  },
  {
    attack: "an account that somebody relies on becomes a consumer's",
    file: 'src/features/access/write-access.ts',
    find: 'if (before !== undefined && !isOfAccount(before, kind, account)) throw notOurs(kind, object);',
    replace: "if (before?.kind === '') throw notOurs(kind, object);",
    test: {
      file: 'test/component/access.test.ts',
      name: 'takes over no account and no Role that somebody else relies on, and then writes nothing',
    },
  },
  {
    attack: 'a name of a provider or consumer is a path, a flag or shell text',
    file: 'src/features/access/account.ts',
    find: '  if (DNS_LABEL.test(text) && text.length <= MAX_LABEL) return;',
    replace: '  if (text.length <= 1000) return;',
    test: {
      file: 'src/features/access/account.test.ts',
      name: 'takes no namespace or consumer called %s: names reach no shell and leave no folder',
    },
  },
  {
    attack: 'a permission file makes its owner somebody else',
    file: 'src/features/access/permission-file.ts',
    find: '  if (bad === undefined) return;',
    replace: "  if (bad?.verbs[0] !== '') return;",
    test: {
      file: 'src/features/access/permission-file.test.ts',
      name: 'refuses to make an administrator of whoever asks for %s',
    },
  },
  {
    attack: "privileged pods in a provider's namespace",
    file: 'src/features/access/prepare-namespace.ts',
    find: '  if (isOpen && site.hasPods && level === undefined',
    replace: "  if (isOpen && account.name === ''",
    test: {
      file: 'src/features/access/prepare-namespace.test.ts',
      name: 'lets no provider make pods without a level beside pods of others',
    },
  },
  {
    attack: 'an instance that everybody may look into',
    file: 'src/features/instance/readers.ts',
    find: 'user === undefined || NOBODY.has(user) ? []',
    replace: 'user === undefined ? []',
    test: { file: 'src/features/instance/readers.test.ts', name: 'are never everybody (%s)' },
  },
  {
    attack: 'CRDs of charts that have the API server call anywhere',
    file: 'src/features/service/check-chart.ts',
    find: "  if (isJsonObject(conversion) && conversion['strategy'] === 'Webhook')",
    replace: "  if (isJsonObject(conversion) && conversion['strategy'] === '')",
    test: {
      file: 'test/component/service-attacks.test.ts',
      name: 'has no chart whose crds/ bring %s: the operator writes them',
    },
  },
  {
    attack: 'values out of a Secret that one may not read',
    file: 'src/runtime/user-access.ts',
    find: '  return status?.allowed === true;',
    replace: '  return status !== null;',
    test: {
      file: 'src/features/instance/handlers.test.ts',
      name: 'lets nobody read a Secret through an instance who may not read it himself',
    },
  },
  {
    attack: 'secrets in conditions and events',
    file: 'src/features/instance/quiet-plan.ts',
    find: '  const hide = hiding(secrets);',
    replace: '  const hide = hiding([]);',
    test: {
      file: 'test/component/instance-attacks.test.ts',
      name: 'are in no condition and no event when a template fails with one in its text',
    },
  },
  {
    attack: 'secrets in notes',
    file: 'src/features/instance/render-release.ts',
    find: 'hiding(task.secrets)(rendered.notes)',
    replace: 'hiding([])(rendered.notes)',
    test: {
      file: 'test/component/instance-attacks.test.ts',
      name: 'are in no notes, which stand in the status',
    },
  },
  {
    attack: 'the provider’s values in denials',
    file: 'src/features/instance/validate-values.ts',
    find: 'shown(valueAt(own, instancePath))',
    replace: 'shown(error.data)',
    test: {
      file: 'src/features/instance/validate-values.test.ts',
      name: 'repeats no value that the provider set',
    },
  },
  {
    attack: 'secrets in logs',
    file: 'src/runtime/redact.ts',
    find: '  return says && isSecretKey(key);',
    replace: "  return says && isSecretKey('');",
    test: { file: 'src/runtime/redact.test.ts', name: 'hides %s' },
  },
  {
    attack: 'a leader that lost its lease writes',
    file: 'src/runtime/fenced-client.ts',
    find: '    if (!lease.mayWrite()) {',
    replace: '    if (lease.remainingMs() < -1e12) {',
    test: {
      file: 'src/runtime/leader-election.test.ts',
      name: 'begins no write after the renew deadline, although nobody noticed the loss yet',
    },
  },
  {
    attack: 'one place of a plan is taken twice, by many at once',
    file: 'src/features/tenancy/ledger-book.ts',
    find: 'const metadata = { ...fresh.metadata, uid, resourceVersion };',
    replace:
      'const { metadata: now } = await client.get(LEDGER, read.metadata); const metadata = { ...fresh.metadata, uid, resourceVersion: now.resourceVersion ?? resourceVersion };',
    test: {
      file: 'src/features/tenancy/ledger-book.test.ts',
      name: 'gives the last place once, to two replicas that read the same: %s',
    },
  },
  {
    attack: 'a place is given back while the instance may still be stored',
    file: 'src/features/tenancy/places.ts',
    find: 'uid === undefined && open.length === 0 && absent.has(place)',
    replace: 'uid === undefined && absent.has(place)',
    test: {
      file: 'src/features/tenancy/ledger-model.test.ts',
      name: 'are never more than offered, and none is lost',
    },
  },
  {
    attack: 'a place is given back because a store is behind',
    file: 'src/features/tenancy/places.ts',
    find: 'uid === undefined && open.length === 0 && absent.has(place)',
    replace: 'uid === undefined && open.length === 0',
    test: {
      file: 'src/features/tenancy/places.test.ts',
      name: 'are kept where nobody has looked into the API itself',
    },
  },
  {
    attack: 'the ledger is deleted, to count anew from nothing',
    file: 'src/features/tenancy/ledger-book.ts',
    find: 'isLedgerOf(ledger, tenant) ? ledger.spec : await this.#begin(tenant)',
    replace: 'isLedgerOf(ledger, tenant) ? ledger.spec : { places: {} }',
    test: {
      file: 'test/component/tenancy.test.ts',
      name: 'is kept in a ledger that comes back with what there is when somebody deletes it',
    },
  },
  {
    attack: 'the first instance comes together with its namespace, before anybody knows whose that is',
    file: 'src/features/tenancy/tenancy.ts',
    find: '(await client.find(NAMESPACE, { name: request.namespace }, { signal }))',
    replace: '(await Promise.resolve(undefined))',
    test: {
      file: 'src/features/tenancy/tenancy.test.ts',
      name: 'is its tenant’s also where the store has not seen the namespace yet',
    },
  },
  {
    attack: 'a tenant of one’s own making, in a namespace that is no provider’s',
    file: 'src/features/tenancy/terms.ts',
    find: '  if (!isProviders(ref.namespace, stores, operatorNamespace)) {',
    replace: "  if (ref.namespace === '') {",
    test: {
      file: 'test/component/tenancy.test.ts',
      name: 'is not for whoever administers a namespace to say: only tenants of providers count',
    },
  },
  {
    attack: 'somebody creates for a tenant who is no member',
    file: 'src/features/tenancy/members.ts',
    find: '      return username === name;',
    replace: '      return username.startsWith(name);',
    test: { file: 'src/features/tenancy/members.test.ts', name: 'are no others: %s' },
  },
  {
    attack: 'a trial that never ends',
    file: 'src/features/tenancy/term-of-tenant.ts',
    find: '  if (end === undefined || now < end.atMs) return undefined;',
    replace: '  if (end === undefined || now > 0) return undefined;',
    test: {
      file: 'src/features/tenancy/judge.test.ts',
      name: 'is not there after a trial, and the text names plan, date and remedy',
    },
  },
  {
    attack: 'two creations race for the last place of a licence',
    file: 'src/features/instance/check-license.ts',
    find: 'count: present.size + coming.size',
    replace: 'count: present.size',
    test: {
      file: 'src/features/instance/license-race.test.ts',
      name: 'are never given twice, and none is lost',
    },
  },
  {
    attack: 'an instance shares a node with one that asked for nodes of its own',
    file: 'src/features/instance/pod-settings.ts',
    find: '    exclusiveTerm(instanceUid),\n',
    replace: '',
    test: {
      file: 'src/features/instance/pod-settings.test.ts',
      name: 'keeps the nodes of an exclusive instance for it, beside the rules of the chart, and through the scheduler',
    },
  },
  {
    attack: 'labels that isolate a namespace are changed by hand',
    file: 'src/features/instance/observe.ts',
    find: ' || (policiesCurrent && mustRelabel(look, policies)),',
    replace: ' || (look.deleting && mustRelabel(look, policies)),',
    test: {
      file: 'test/component/instance-drift.test.ts',
      name: 'puts the namespace back that was %s',
    },
  },
  {
    attack:
      "a control plane brings a ConfigMap of the operator's namespace to light by naming it as its audit policy",
    file: 'src/features/controlplane/audit-settings.ts',
    find: "  if (map.metadata.labels?.[AUDIT_POLICY_LABEL] !== 'true')\n",
    replace: "  if (map.metadata.labels?.[AUDIT_POLICY_LABEL] === 'never')\n",
    test: {
      file: 'src/features/controlplane/audit-settings.test.ts',
      name: 'says what is wrong with one that %s',
    },
  },
  {
    attack: "what is in a tenant's Secrets gets into the audit log of its control plane",
    file: 'src/planes/audit.ts',
    find: "      { level: 'Metadata', resources: secret },\n",
    replace: '',
    test: {
      file: 'src/features/controlplane/audit-settings.test.ts',
      name: 'keeps nothing of what is in Secrets, at whatever level',
    },
  },
  {
    attack: 'a control plane is put where a Kubernetes has its own objects',
    file: 'src/features/controlplane/external-store.ts',
    find: '  if (KUBERNETES.test(prefix)) return',
    replace: "  if (prefix === '') return",
    test: {
      file: 'src/features/controlplane/external-store.test.ts',
      name: '%s is told by name and cause',
    },
  },
  {
    attack: "one of two control planes on one etcd sees or takes away what is the other's",
    file: 'src/planes/store/etcd-prefix.ts',
    find: '    deleteRange: (from, end) => client.deleteRange(outer(from), outer(end)),\n',
    replace: '    deleteRange: (from) => client.deleteRange(outer(from).slice(0, -1), `${outer(from)}~`),\n',
    test: {
      file: 'test/component/plane-etcd-prefix.test.ts',
      name: 'are looked at and taken away one by one',
    },
  },
  {
    attack: "an API server of a control plane writes Secrets that another one of it can't read",
    file: 'src/planes/encryption-steps.ts',
    find: '  if (!facts.isRolledOut) return state;\n',
    replace: '',
    test: {
      file: 'src/planes/encryption-steps.test.ts',
      name: 'take no step while an API server runs with the state before',
    },
  },
];
