import type { Control } from '../control.ts';

/** What the console would do for others. */
export const CONSOLE: readonly Control[] = [
  {
    attack: 'a page of another site asks the console in the name of who is signed in',
    file: 'src/console/guard.ts',
    find: '(origin !== undefined && hostOf(origin) !== host.toLowerCase())',
    replace: 'false',
    test: {
      file: 'test/component/console-attacks.test.ts',
      name: 'asks nothing through the browser of who is signed in',
    },
  },
  {
    attack: 'a path of the console leads to other paths of the API server',
    file: 'src/console/route.ts',
    find: '/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/',
    replace: '/./',
    test: { file: 'test/component/console-attacks.test.ts', name: 'leads nowhere else: %s' },
  },
  {
    attack: "a kind that is no service's is asked for through the console",
    file: 'src/console/kinds.ts',
    find: 'const found = serviceKinds(await resources(client)).find(',
    replace: 'const found = (await resources(client)).find(',
    test: {
      file: 'test/component/console-attacks.test.ts',
      name: 'to a kind that is no service’s is none, whoever asks',
    },
  },
  {
    attack: 'the console acts with the rights of who started it',
    file: 'src/console/user-clients.ts',
    find: 'credentials: fixedCredential({})',
    replace: 'credentials: access.credentials',
    test: {
      file: 'test/component/console-attacks.test.ts',
      name: 'is the token’s owner at the API server, and never who started the console',
    },
  },
  {
    attack: 'more than values gets into an instance through the console',
    file: 'src/console/instances.ts',
    find: '    metadata: { namespace, name },\n    spec: valuesIn(body),',
    replace:
      '    metadata: { namespace, name, ...(body as { metadata?: object }).metadata },\n    spec: valuesIn(body),',
    test: {
      file: 'test/component/console.test.ts',
      name: 'creates an instance with a name and values and nothing else',
    },
  },
  {
    attack: 'a body without end is sent to the console',
    file: 'src/console/server.ts',
    find: 'const MAX_BODY_BYTES = 1024 * 1024;',
    replace: 'const MAX_BODY_BYTES = 1024 * 1024 * 1024;',
    test: {
      file: 'test/component/console-attacks.test.ts',
      name: 'that is huge is not read to its end, and reaches nobody',
    },
  },
  {
    attack: 'markup that an instance tells is taken for a page',
    file: 'src/console/server.ts',
    find: "${isText ? 'text/plain' : 'application/json'}; charset=utf-8",
    replace: 'text/html; charset=utf-8',
    test: {
      file: 'test/component/console-attacks.test.ts',
      name: 'is never taken for a page, whatever an instance says',
    },
  },
];
