import { describe, expect, it } from 'vitest';
import type { Instance } from '../../api/instance.ts';
import { admitInstance, patchInstance, type AdmissionWorld } from './admit.ts';

const WORLD: AdmissionWorld = {
  operatorNamespace: 'kubeplus',
  accountsNamespace: 'kubeplus-services',
  holdsNamespace: false,
  nodes: ['node-1'],
  target: undefined,
  valuesFindings: [],
  unreadableSecrets: [],
  licenseFindings: [],
  isolation: undefined,
};

function instance(name = 'shop1', more: Partial<Instance> = {}, metadata: object = {}): Instance {
  return {
    apiVersion: 'platformapi.kubeplus/v1alpha1',
    kind: 'WordpressService',
    metadata: { name, namespace: 'kubeplus', ...metadata },
    ...more,
  };
}

const about = (operation: 'CREATE' | 'UPDATE' | 'DELETE', namespace = 'kubeplus') => ({
  operation,
  kind: 'WordpressService',
  namespace,
});

function create(
  object: Instance,
  world: Partial<AdmissionWorld> = {},
  namespace = 'kubeplus',
): readonly string[] {
  const objects = { object, oldObject: undefined };
  return admitInstance(about('CREATE', namespace), objects, { ...WORLD, ...world }).map(
    ({ message }) => message,
  );
}

describe('a migration from another kind', () => {
  const migrating = instance('shop1', {}, { annotations: { 'kubeplus/migrate-from': 'Old' } });

  it.each([
    ['unknown', 'Invalid kind specified in migrate-from annotation Old.'],
    ['absent', /there is no Old shop1 in namespace kubeplus/],
    ['busy', /Old shop1 is being changed/],
    ['notYours', /you may not delete Old shop1, so you can't take over what it has/],
  ] as const)('is refused where the other is %s', (source, message) => {
    expect(create(migrating, { source })).toEqual([expect.stringMatching(message)]);
  });

  it('goes where the other is ready, although that one has the name', () => {
    const target = { terminating: false, ownerKind: 'Old' };
    expect(create(migrating, { source: 'ready', target })).toEqual([]);
  });

  it('is asked about when the annotation comes, and not again at each change', () => {
    const change = (oldObject: Instance) =>
      admitInstance(about('UPDATE'), { object: migrating, oldObject }, { ...WORLD, source: 'notYours' });

    expect(change(instance())).toHaveLength(1);
    expect(change(migrating)).toEqual([]);
  });

  it('is confirmed before the new one is deleted: the old one would be left with nothing', () => {
    const objects = { object: undefined, oldObject: { ...migrating, status: {} } };
    const findings = admitInstance(about('DELETE'), objects, { ...WORLD, unconfirmed: 'Old' });

    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/migrated from Old shop1, which is there still/),
    ]);
  });
});

describe('the release that an instance takes over', () => {
  const adopted = { namespace: 'legacy', release: 'wp', revision: 3, content: 'd' };
  const change = (before: Instance, after: Instance, world: Partial<AdmissionWorld>): readonly string[] =>
    admitInstance(about('UPDATE'), { object: after, oldObject: before }, { ...WORLD, ...world }).map(
      ({ message }) => message,
    );

  it('may be named by a new instance, and by one that has no namespace yet', () => {
    expect(create(instance('shop1', { tenantry: { adopted } }))).toEqual([]);
    expect(change(instance(), instance('shop1', { tenantry: { adopted } }), {})).toEqual([]);
  });

  it.each([
    ['begins', instance(), instance('shop1', { tenantry: { adopted } })],
    ['ends', instance('shop1', { tenantry: { adopted } }), instance()],
    [
      'is another',
      instance('shop1', { tenantry: { adopted } }),
      instance('shop1', { tenantry: { adopted: { ...adopted, namespace: 'other' } } }),
    ],
  ])(
    'stays once the instance lives somewhere: what it has there would be left behind (%s)',
    (_what, before, after) => {
      expect(change(before, after, { holdsNamespace: true })).toEqual([
        'tenantry.adopted: says where the instance lives, and it lives there already; create another instance to take over a release',
      ]);
    },
  );

  it.each(['kubeplus', 'kubeplus-services', 'team'])(
    'is none in a namespace that others need: %s',
    (namespace) => {
      const object = instance(
        'shop1',
        { tenantry: { adopted: { ...adopted, namespace } } },
        { namespace: 'team' },
      );
      expect(create(object, {}, 'team')).toEqual([expect.stringMatching(/^tenantry\.adopted\.namespace: /)]);
    },
  );
});

describe('admitInstance on creation', () => {
  it('admits the instance of the first example', () => {
    expect(create(instance('wp-for-tenant1'))).toEqual([]);
  });

  it.each([
    [
      'a namespace that still goes',
      instance(),
      { target: { terminating: true, ownerKind: undefined } },
      'Previous Namespace for custom resource shop1 is in terminating state. Wait for it to terminate and then re-deploy',
    ],
    [
      'the name of another kind’s instance',
      instance(),
      { target: { terminating: false, ownerKind: 'MysqlService' } },
      'App with name shop1 already exists for Kind MysqlService. Use different app name.',
    ],
    [
      'a node that is none',
      instance('shop1', { spec: { nodeName: 'node-9' } }),
      {},
      'Invalid node name specified node-9',
    ],
    [
      'a name that is too long',
      instance('x'.repeat(37)),
      {},
      'Instance name exceeds the allowed limit of 36. Consider changing instance name.',
    ],
  ] satisfies [string, Instance, Partial<AdmissionWorld>, string][])(
    'refuses %s in KubePlus’s words',
    (_what, object, world, message) => {
      expect(create(object, world)).toEqual([message]);
    },
  );

  it.each([
    ['a period in the name', instance('a.b'), {}, /^metadata\.name: a\.b must not contain a period/],
    [
      'a name like that of another namespace’s instance',
      instance('team-shop-0123456789'),
      {},
      /^metadata\.name: .*choose an end/,
    ],
    [
      'a Secret that the user may not read',
      instance(),
      { unreadableSecrets: ['db'] },
      /^tenantry\.valuesFrom: you may not read Secret db/,
    ],
  ] satisfies [string, Instance, Partial<AdmissionWorld>, RegExp][])(
    'refuses %s, naming the field',
    (_what, object, world, message) => {
      expect(create(object, world)).toEqual([expect.stringMatching(message)]);
    },
  );

  it('lets the hashed form be a name where it can’t collide', () => {
    expect(create(instance('team-shop-0123456789'), {}, 'team')).toEqual([]);
  });

  it('admits an instance whose namespace exists, for the instance says so itself', () => {
    expect(create(instance(), { target: { terminating: false, ownerKind: undefined } })).toEqual([]);
  });

  it('says everything at once', () => {
    const valuesFindings = [{ field: 'spec.title', message: 'spec.title: is required by the chart' }];

    expect(create(instance('x.'.repeat(30), { spec: { nodeName: 'no' } }), { valuesFindings })).toHaveLength(
      4,
    );
  });
});

describe('admitInstance on a change', () => {
  const change = (object: Instance, oldObject: Instance): number =>
    admitInstance(
      about('UPDATE'),
      { object, oldObject },
      { ...WORLD, valuesFindings: [{ message: 'refused' }] },
    ).length;

  it('checks what is changed', () => {
    expect(change(instance('a', { spec: { b: 1 } }), instance('a'))).toBe(1);
  });

  it('lets an instance be labelled or deleted that no longer fits', () => {
    const spec = { b: 1 };

    expect(change(instance('a', { spec }, { labels: { x: 'y' } }), instance('a', { spec }))).toBe(0);
    expect(change(instance('a', { spec: {} }, { deletionTimestamp: 'now' }), instance('a', { spec }))).toBe(
      0,
    );
  });
});

describe('admitInstance on deletion', () => {
  const remove = (oldObject: Instance): readonly string[] =>
    admitInstance(about('DELETE'), { object: undefined, oldObject }, WORLD).map(({ message }) => message);

  it('refuses while it is not ready, unless forced', () => {
    expect(remove(instance())).toEqual([
      'Error: Custom Resource instance cannot be deleted. It is not ready yet.',
    ]);
    expect(remove(instance('a', {}, { labels: { delete: '1' } }))).toEqual([]);
    expect(remove(instance('a', { status: {} }))).toEqual([]);
  });

  it('refuses what is protected, forced or not', () => {
    const tenantry = { deletionProtection: true };

    expect(remove(instance('a', { status: {}, tenantry }, { labels: { delete: '1' } }))).toEqual([
      expect.stringMatching(/^tenantry\.deletionProtection: /),
    ]);
  });

  it('says nothing of an instance that goes already', () => {
    expect(remove(instance('a', {}, { deletionTimestamp: 'now' }))).toEqual([]);
  });
});

describe('patchInstance', () => {
  const patch = (
    operation: 'CREATE' | 'UPDATE',
    username: string,
    object: Instance,
    oldObject?: Instance,
    sourceUid?: string,
  ) => patchInstance(operation, username, { object, oldObject, sourceUid });
  const withAnnotations = (annotations: Record<string, string>) => instance('a', {}, { annotations });

  it('writes who created it and the finalizer, over what the user claims', () => {
    const object = instance(
      'a',
      {},
      { annotations: { accountidentity: 'somebody', x: 'y' }, finalizers: ['f'] },
    );

    expect(patch('CREATE', 'ann', object)).toEqual([
      { op: 'add', path: '/metadata/annotations', value: { accountidentity: 'ann', x: 'y' } },
      { op: 'add', path: '/metadata/finalizers', value: ['f', 'tenantry.dev/cleanup'] },
    ]);
  });

  it('keeps the creator when somebody else changes it, and adds none later', () => {
    const annotations = { accountidentity: 'ann' };

    expect(patch('UPDATE', 'bob', instance('a', {}, {}), withAnnotations(annotations))).toEqual([
      { op: 'add', path: '/metadata/annotations', value: annotations },
    ]);
    expect(patch('UPDATE', 'bob', withAnnotations(annotations), withAnnotations(annotations))).toEqual([]);
    expect(patch('UPDATE', 'bob', instance('a'), instance('a'))).toEqual([]);
  });

  const FROM = { 'kubeplus/migrate-from': 'Shop' };
  const NOTED = { ...FROM, 'tenantry.dev/migrate-from-uid': 'noted' };
  const FORGED = { ...FROM, 'tenantry.dev/migrate-from-uid': 'forged' };
  it.each([
    ['notes it when the kind is named', FROM, {}, NOTED],
    ['takes nobody’s word for it', FORGED, {}, NOTED],
    ['notes it anew for another kind', NOTED, { ...NOTED, 'kubeplus/migrate-from': 'Other' }, NOTED],
  ])('says which instance is taken over: %s', (_what, said, before, wanted) => {
    const patched = patch('UPDATE', 'bob', withAnnotations(said), withAnnotations(before), 'noted');

    const after = patched.map((one) => ('value' in one ? one.value : undefined)).at(-1) ?? said;
    expect(after).toEqual(wanted);
  });

  it.each([
    ['stays what it was, whatever the instance of that name is now', FORGED, NOTED, NOTED],
    ['stays where a client leaves it out', FROM, NOTED, NOTED],
    ['goes with the kind', { 'tenantry.dev/migrate-from-uid': 'forged' }, NOTED, {}],
    ['is none where no kind was noted', FORGED, FROM, FROM],
  ])('which instance is taken over %s', (_what, said, before, wanted) => {
    const patched = patch('UPDATE', 'bob', withAnnotations(said), withAnnotations(before), 'another');

    expect(patched).toEqual([{ op: 'add', path: '/metadata/annotations', value: wanted }]);
  });
});
