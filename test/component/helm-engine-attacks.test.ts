import { afterAll, describe, expect, it } from 'vitest';
import { parseRendering } from '../../src/features/instance/manifests.ts';
import { checkScope } from '../../src/features/instance/scope.ts';
import { packChart } from '../../src/helm/archive.ts';
import * as kinds from '../../src/kube/builtin-kinds.ts';
import { sha256 } from '../../src/lib/hash.ts';
import { startEngine } from './helm-engine.ts';

const starting = startEngine({});
afterAll(async () => (await starting).close());

describe('values that end a YAML document', { timeout: 120_000 }, () => {
  const INJECTED =
    'x\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: stolen}\nrules: []\n---\n# ';

  async function rendered(template: string) {
    const engine = await starting;
    const files = {
      'Chart.yaml': 'apiVersion: v2\nname: demo\nversion: 1.0.0\n',
      'templates/a.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  word: ${template}\n`,
    };
    const archive = packChart('demo', new Map(Object.entries(files)));
    const digest = sha256(archive);
    await engine.load(digest, archive);
    const rendering = await engine.render({
      digest,
      release: { name: 'one', namespace: 'place', revision: 1, isUpgrade: false },
      values: { word: INJECTED },
      capabilities: { kubeVersion: 'v1.37.1', apiVersions: ['v1'] },
    });
    return (await parseRendering(rendering)).objects;
  }

  it('stay what they are in quotes, and without them meet the scope check', async () => {
    const quoted = await rendered('{{ .Values.word | quote }}');
    const open = await rendered('{{ .Values.word }}');
    const policies = {
      podSecurity: 'baseline',
      fillResources: true,
      egress: 'default',
      allowedClusterKinds: [],
    } as const;
    const { findings } = checkScope(open, {
      target: 'place',
      release: 'one',
      revision: { kinds: [], rules: [], policies },
      kindOf: (_apiVersion, kind) => [kinds.CONFIG_MAP, kinds.CLUSTER_ROLE].find((one) => one.kind === kind),
    });

    expect(quoted.map(({ object }) => [object.kind, object['data']])).toEqual([
      ['ConfigMap', { word: INJECTED }],
    ]);
    expect(open.map(({ object }) => object.kind)).toContain('ClusterRole');
    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^ClusterRole stolen .*allowedClusterKinds/),
    ]);
  });
});
