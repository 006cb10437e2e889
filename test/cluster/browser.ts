import process from 'node:process';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { silentProgress } from '../../src/lib/progress.ts';
import { ensurePackages } from '../../src/local/packages.ts';
import { run } from '../../src/local/run.ts';

/** Milliseconds that the page may take to show what it is waited for; a busy machine's pods are not ready sooner. */
const PATIENCE_MS = 90_000;

/** Debian's Chromium, installed where it is missing, as the node's own packages are. */
export async function startBrowser(): Promise<Browser> {
  const uid = process.getuid?.() ?? 0;
  await ensurePackages(['chromium'], { run, progress: silentProgress, env: process.env, uid });
  // Tests run as root, where Chromium's sandbox does not; it opens our own page only.
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox'],
    timeout: PATIENCE_MS,
  });
}

/** A page that nobody signed in on: a browser of its own, with what its console printed and whom it asked. */
export interface Opened {
  readonly page: Page;
  /** What scripts and the page's policy complained about. */
  readonly complaints: readonly string[];
  /** Every address that was asked for. */
  readonly asked: readonly string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Opened> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(url);
  return { page, complaints, asked };
}
