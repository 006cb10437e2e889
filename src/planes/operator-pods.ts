const OPERATOR_LABELS = {
  'app.kubernetes.io/name': 'tenantry',
  'app.kubernetes.io/component': 'operator',
} as const;

/** The operator's pods, as network policies name them: it looks after stores. */
export function operatorPods(namespace: string) {
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: { matchLabels: OPERATOR_LABELS },
  };
}
