import { OPERATOR_POD_LABELS } from '../api/names.ts';

/** The operator's pods, as network policies name them: it looks after stores. */
export function operatorPods(namespace: string) {
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: { matchLabels: OPERATOR_POD_LABELS },
  };
}
