import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, shell, type Ended } from './programs.ts';
import { create, forget, NS, register } from './small-charts.ts';

const NAME = 'moving';
const map = (name: string, data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: ${data}\n`;
const WORD = 'word: "{{ .Values.word }}"';
/** Made up once, and looked up afterwards, as charts do that can be upgraded. */
const PASSWORD = `apiVersion: v1
kind: Secret
metadata: {name: password}
data:
  {{- $old := lookup "v1" "Secret" .Release.Namespace "password" }}
  password: {{ if $old }}{{ $old.data.password }}{{ else }}{{ randAlphaNum 20 | b64enc }}{{ end }}
`;
const FIRST = {
  'values.yaml': 'word: none\n',
  'templates/a.yaml': map('settings', `{${WORD}, by: first}`),
  'templates/b.yaml': PASSWORD,
};
const SECOND = {
  'values.yaml': 'word: none\n',
  'templates/a.yaml': map('settings', `{${WORD}, by: second}`),
};

const field = (what: string, path: string): Promise<string> =>
  run(`kubectl get ${what} -o jsonpath='${path}'`);
const settled = (kind: string, release: number): Promise<string> =>
  run(`kubectl wait ${kind}/${NAME} -n ${NS} --for=jsonpath='{.status.release}'=${release} --timeout=60s`);
const annotate = (kind: string, text: string): Promise<string> =>
  run(`kubectl annotate ${kind} ${NAME} -n ${NS} kubeplus/migrate-from${text}`);

/** The object of the second kind, by somebody. */
const migrate = (options = ''): Promise<Ended> =>
  shell(`kubectl create ${options} -f -`, {
    input: JSON.stringify({
      apiVersion: 'platformapi.kubeplus/v1alpha1',
      kind: 'Second',
      metadata: { name: NAME, namespace: NS, annotations: { 'kubeplus/migrate-from': 'First' } },
      spec: { word: 'mine' },
    }),
  });

beforeAll(async () => {
  await register('first', FIRST);
  await register('second', SECOND);
  await create('first', NAME, { word: 'mine' });
  await settled('first', 1);
  await run(`kubectl create role only-second -n ${NS} --verb=create --resource=seconds.platformapi.kubeplus`);
  await run(`kubectl create rolebinding only-second -n ${NS} --role=only-second --user=eve`);
});

afterAll(async () => {
  await forget('second', 'first');
  await shell(`kubectl delete role,rolebinding only-second -n ${NS}`);
});

describe('a migration between kinds', () => {
  it('is nobody’s who may not delete what he takes over', async () => {
    expect((await migrate('--as=eve')).stderr).toMatch(/you may not delete First moving/);
  });

  it('keeps what the first kind made up, is not deleted before it is confirmed, and goes back', async () => {
    const password = await field(`secret password -n ${NAME}`, '{.data.password}');
    const uid = await field(`namespace ${NAME}`, '{.metadata.uid}');

    expect(await migrate()).toMatchObject({ code: 0 });
    await settled('second', 2);

    expect(await field(`configmap settings -n ${NAME}`, '{.data.by}')).toBe('second');
    expect(await field(`namespace ${NAME}`, '{.metadata.uid}')).toBe(uid);
    expect((await shell(`kubectl delete second ${NAME} -n ${NS}`)).stderr).toMatch(
      /delete that one first to confirm/,
    );

    await annotate('second', '-');
    await annotate('first', '=Second');
    await settled('first', 3);

    expect(await field(`configmap settings -n ${NAME}`, '{.data.by}')).toBe('first');
    expect(await field(`secret password -n ${NAME}`, '{.data.password}')).toBe(password);
  });

  it('is confirmed by deleting the one that holds nothing, which takes nothing along', async () => {
    await run(`kubectl delete second ${NAME} -n ${NS} --timeout=60s`);

    expect(await field(`configmap settings -n ${NAME}`, '{.data.by}')).toBe('first');
  });
});
