import type { Control } from '../control.ts';

/** Who may register what, and give rights to whom. */
export const REGISTRATION: readonly Control[] = [
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
];
