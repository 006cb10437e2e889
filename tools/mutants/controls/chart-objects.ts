import type { Control } from '../control.ts';

/** What the objects of a chart may be. */
export const CHART_OBJECTS: readonly Control[] = [
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
];
