// The main job and all cluster tests on the oldest Kubernetes that we support, or on the one that `--kubernetes-version` names.
// `--only TEXT` runs those files alone whose names hold the text. `--out FILE` writes what became of them; ends with 1 where a
// test fails.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { KUBERNETES_RELEASES, releaseNamed } from '../src/local/kubernetes-release.ts';
import { root, show } from './local-programs.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    'kubernetes-version': {
      type: 'string',
      default: KUBERNETES_RELEASES.at(-1)?.version ?? KUBERNETES_RELEASES[0].version,
    },
    only: { type: 'string' },
  },
});
const { version } = releaseNamed(values['kubernetes-version']);

/** What is true of the newest Kubernetes alone: the fake API server imitates that one, down to the words of its errors. */
const OF_THE_NEWEST = 'fakeapi-conformance';

/** What the gate's runner writes. */
const Report = z.object({ passed: z.number(), failed: z.array(z.string()) });

const work = mkdtempSync(join(tmpdir(), 'tenantry-hosts-'));
try {
  const report = join(work, 'report.json');
  const only = values.only === undefined ? [] : ['--only', values.only];
  await show(process.execPath, [
    join(root, 'tools/test.mjs'),
    'cluster',
    '--kubernetes-version',
    version,
    '--without',
    OF_THE_NEWEST,
    ...only,
    '--report',
    report,
  ]);
  if (!existsSync(report)) throw new Error('the cluster tests did not end: read the lines above');
  const { passed, failed } = Report.parse(JSON.parse(readFileSync(report, 'utf8')));
  const what = values.only === undefined ? {} : { only: values.only };
  process.stdout.write(`Kubernetes ${version}: ${passed} passed, ${failed.length} failed\n`);
  if (values.out !== undefined)
    writeFileSync(
      values.out,
      `${JSON.stringify({ kubernetes: version, ...what, passed, failed }, null, 2)}\n`,
    );
  process.exitCode = failed.length === 0 && passed > 0 ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
