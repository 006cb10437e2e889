import { hostingContext } from './contexts.ts';
import { contextData, globalData, HOSTING_CONTEXT, IS_HOSTING, PLANE_NAME } from './extension.ts';
import { entryNames, type KubeFiles } from './kube-files.ts';

/** What `kflex config diagnose` says, in KubeFlex's form with what else is amiss. */
export interface Diagnosis {
  readonly status: 'ok' | 'warning' | 'critical';
  readonly message: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly findings: readonly string[];
}

/**
 * How KubeFlex's part of the kubeconfigs stands. `planes` are the control planes that there are; undefined where nobody could be asked.
 */
export function diagnose(files: KubeFiles, planes: readonly string[] | undefined): Diagnosis {
  const data = globalData(files);
  const findings = findingsOf(files, planes);
  if (data === undefined) {
    return {
      status: 'critical',
      message: 'Global kubeflex extension is not present in kubeconfig',
      findings,
    };
  }
  if (Object.keys(data).length === 0) {
    return { status: 'warning', message: 'Global kubeflex extension is present but empty', data, findings };
  }
  if (hostingContext(files) !== data[HOSTING_CONTEXT]) {
    const message = `The hosting cluster's context "${data[HOSTING_CONTEXT] ?? ''}" is not in the kubeconfig`;
    return { status: 'critical', message, data, findings };
  }
  if (findings.length > 0) {
    return { status: 'warning', message: 'Some contexts do not lead where they say', data, findings };
  }
  const message = 'Global kubeflex extension is present and properly configured';
  return { status: 'ok', message, data, findings };
}

function findingsOf(files: KubeFiles, planes: readonly string[] | undefined): readonly string[] {
  const contexts = entryNames(files, 'contexts').map((name) => ({ name, data: contextData(files, name) }));
  const hosting = globalData(files)?.[HOSTING_CONTEXT];
  const marked = contexts.filter(({ data }) => data?.[IS_HOSTING] === 'true').map(({ name }) => name);
  const wrong = marked.filter((name) => name !== hosting);
  const gone = contexts.filter(({ data }) => {
    const plane = data?.[PLANE_NAME];
    return plane !== undefined && planes !== undefined && !planes.includes(plane);
  });
  return [
    ...wrong.map((name) => `context ${name} is marked as the hosting cluster's and is not it`),
    ...gone.map(
      ({ name, data }) =>
        `context ${name} leads to control plane ${data?.[PLANE_NAME] ?? ''}, which is gone: \`kflex ctx delete ${name}\` removes it`,
    ),
  ];
}
