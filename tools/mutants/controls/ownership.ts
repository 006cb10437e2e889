import type { Control } from '../control.ts';

/** Whose a namespace, a release or a name is. */
export const OWNERSHIP: readonly Control[] = [
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
];
