import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openPage, startBrowser, type Opened } from './browser.ts';
import { fromRunner, REPOSITORY, run, shell } from './programs.ts';

/** The console in a real browser, by consumers of a real service: two accounts, each with the file that a provider gives. */
const NS = 'tenantry-system';
const KIND = 'ConsoleService';
const folder = mkdtempSync(join(tmpdir(), 'tenantry-console-'));

let browser: Browser;
let server: ChildProcess;
let printed = '';
let url = '';
let ann: Opened;

/** Signs in with a kubeconfig file, as it was made. */
async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Kubeconfig file').setInputFiles(join(folder, `${name}.json`));
  await page.getByRole('heading', { name: 'What you can use' }).waitFor();
}

async function startConsole(): Promise<void> {
  const args = [
    join(REPOSITORY, 'dist/tenantry.mjs'),
    'console',
    '--port',
    '0',
    '-k',
    fromRunner('KUBECONFIG'),
  ];
  server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [server.stdout, server.stderr])
    stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await vi.waitFor(() => expect(printed).toMatch(/http:\/\/127\.0\.0\.1:\d+\//), { timeout: 60_000 });
  url = /http:\/\/127\.0\.0\.1:\d+\//.exec(printed)?.[0] ?? '';
}

beforeAll(async () => {
  const example = join(REPOSITORY, 'examples/multitenancy/hello-world');
  await run(`kubectl upload chart ${example}/chart ${fromRunner('KUBECONFIG')}`);
  const composition = readFileSync(join(example, 'hello-world-service-composition.yaml'), 'utf8')
    .replaceAll('HelloWorldService', KIND)
    .replaceAll('helloworldservices', 'consoleservices')
    .replaceAll('hello-world-service', 'console-service');
  await run(`kubectl apply -n ${NS} -f -`, { input: composition });
  await run(
    `kubectl wait -n ${NS} resourcecomposition/console-service-composition --for=condition=Ready --timeout=120s`,
  );
  for (const [name, namespace] of [
    ['ann', 'console-a'],
    ['ben', 'console-b'],
  ] as const) {
    await run(`cd ${folder} && tenantry provider-kubeconfig create ${namespace} -c ${name}`);
    await run(
      `tenantry grantpermission consumer consoleservices.platformapi.kubeplus -n ${namespace} -c ${name}`,
    );
  }
  await startConsole();
  browser = await startBrowser();
  ann = await openPage(browser, url);
});

afterAll(async () => {
  await browser?.close();
  if (server !== undefined && server.exitCode === null) {
    const ended = once(server, 'exit');
    server.kill('SIGTERM');
    await ended;
  }
  await shell(`kubectl delete consoleservices --all -A --wait --timeout=60s`);
  await shell(`kubectl delete resourcecomposition console-service-composition -n ${NS} --wait --timeout=60s`);
  for (const [name, namespace] of [
    ['ann', 'console-a'],
    ['ben', 'console-b'],
  ])
    await shell(
      `tenantry provider-kubeconfig delete ${namespace} -c ${name}; kubectl delete namespace ${namespace} --wait=false`,
    );
  rmSync(folder, { recursive: true });
});

describe('a consumer with the file of a provider', () => {
  it('signs in, and sees the kind that was granted and none else', async () => {
    await signIn(ann.page, 'ann');

    await ann.page.getByRole('link', { name: `New ${KIND}` }).waitFor();
    expect(await ann.page.locator('.card').allInnerTexts()).toEqual([expect.stringContaining(KIND)]);
    expect(await ann.page.getByLabel('Namespace').inputValue()).toBe('console-a');
  });

  it('is told at the field, in the API server’s words, what is wrong with values and with a name', async () => {
    const { page } = ann;
    await page.getByRole('link', { name: `New ${KIND}` }).click();
    await page.getByLabel('Name (required)').fill('g'.repeat(100));
    await page.getByLabel('greeting').fill('I am ann');
    await page.getByLabel('replicas').fill('99');
    await page.getByRole('button', { name: 'Create' }).click();
    const wrong = page.locator('.field.wrong');

    await wrong.filter({ hasText: 'replicas' }).waitFor();
    expect(await wrong.filter({ hasText: 'replicas' }).innerText()).toContain(
      'should be less than or equal to 10',
    );

    await page.getByLabel('replicas').fill('');
    await page.getByRole('button', { name: 'Create' }).click();
    await wrong.filter({ hasText: 'Instance name exceeds the allowed limit' }).waitFor();
    expect(await page.getByLabel('greeting').inputValue()).toBe('I am ann');
  });

  it('creates an instance and watches it become ready, with its pods and their logs', async () => {
    const { page } = ann;
    await page.getByLabel('Name (required)').fill('greet');
    await page.getByRole('button', { name: 'Create' }).click();

    await page.getByRole('heading', { name: 'greet' }).waitFor();
    await page.locator('.now .state.good', { hasText: 'Ready' }).waitFor();
    await page
      .getByRole('button', { name: /^Log of / })
      .first()
      .click();
    await page
      .locator('.log')
      .filter({ hasText: /listening|server/i })
      .waitFor();
    await page.locator('.events li').first().waitFor();
    expect(await page.getByText('Where it answers').count()).toBe(1);
  });

  it('is seen by nobody else who uses the same kind', async () => {
    const ben = await openPage(browser, url);
    await signIn(ben.page, 'ben');
    await ben.page.getByRole('link', { name: /^ConsoleService/ }).click();
    await ben.page.getByText('There are no instances').waitFor();
    await ben.page.goto(`${url}#/platformapi.kubeplus/consoleservices/console-a/greet`);

    await ben.page.getByText('is forbidden').first().waitFor();
    expect(await ben.page.content()).not.toContain('I am ann');
    await ben.page.context().close();
  });

  it('changes it', async () => {
    const { page } = ann;
    await page.getByRole('link', { name: 'Change' }).click();
    await page.getByLabel('greeting').fill('I am ann, and well');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'greet' }).waitFor();

    const greeting = (): Promise<string> =>
      run(`kubectl get consoleservices greet -n console-a -o jsonpath='{.spec.greeting}'`);
    await expect.poll(greeting, { timeout: 30_000 }).toBe('I am ann, and well');
    await page.locator('.now .state.good', { hasText: 'Ready' }).waitFor();
  });

  it('deletes it, asked once', async () => {
    const { page } = ann;
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Yes, delete' }).click();

    await page.getByText('greet is gone.').waitFor();
    expect((await shell('kubectl get consoleservices greet -n console-a')).code).not.toBe(0);
  });

  it('leaves no token behind: not in an address, in storage, in a cookie or in the console’s output', async () => {
    const { page, complaints, asked } = ann;
    const { users } = JSON.parse(readFileSync(join(folder, 'ann.json'), 'utf8'));
    const token = users[0].user.token as string; // true of every file that is made for a consumer
    const kept = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
    );

    expect(token.length).toBeGreaterThan(100);
    expect([kept, page.url(), printed, ...asked].filter((text) => text.includes(token))).toEqual([]);
    expect(kept).toBe('[{},{},""]');
    expect(asked.filter((address) => !address.startsWith(url))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
