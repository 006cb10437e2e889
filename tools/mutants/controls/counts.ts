import type { Control } from '../control.ts';

/** One leader, and what plans and licences count. */
export const COUNTS: readonly Control[] = [
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
];
