import type { Control } from '../control.ts';

/** What may not be read or told. */
export const SECRETS: readonly Control[] = [
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
];
