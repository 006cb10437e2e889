import type { Control } from '../control.ts';

/** Isolation on the cluster, and control planes. */
export const PLANES: readonly Control[] = [
  {
    attack: 'an instance shares a node with one that asked for nodes of its own',
    file: 'src/features/instance/pod-settings.ts',
    find: '    exclusiveTerm(instanceUid),\n',
    replace: '',
    test: {
      file: 'src/features/instance/pod-settings.test.ts',
      name: 'keeps the nodes of an exclusive instance for it, beside the rules of the chart, and through the scheduler',
    },
  },
  {
    attack: 'labels that isolate a namespace are changed by hand',
    file: 'src/features/instance/observe.ts',
    find: ' || (policiesCurrent && mustRelabel(look, policies)),',
    replace: ' || (look.deleting && mustRelabel(look, policies)),',
    test: {
      file: 'test/component/instance-drift.test.ts',
      name: 'puts the namespace back that was %s',
    },
  },
  {
    attack:
      "a control plane brings a ConfigMap of the operator's namespace to light by naming it as its audit policy",
    file: 'src/features/controlplane/audit-settings.ts',
    find: "  if (map.metadata.labels?.[AUDIT_POLICY_LABEL] !== 'true')\n",
    replace: "  if (map.metadata.labels?.[AUDIT_POLICY_LABEL] === 'never')\n",
    test: {
      file: 'src/features/controlplane/audit-settings.test.ts',
      name: 'says what is wrong with one that %s',
    },
  },
  {
    attack: "what is in a tenant's Secrets gets into the audit log of its control plane",
    file: 'src/planes/audit.ts',
    find: "      { level: 'Metadata', resources: secret },\n",
    replace: '',
    test: {
      file: 'src/features/controlplane/audit-settings.test.ts',
      name: 'keeps nothing of what is in Secrets, at whatever level',
    },
  },
  {
    attack: 'a control plane is put where a Kubernetes has its own objects',
    file: 'src/features/controlplane/external-store.ts',
    find: '  if (KUBERNETES.test(prefix)) return',
    replace: "  if (prefix === '') return",
    test: {
      file: 'src/features/controlplane/external-store.test.ts',
      name: '%s is told by name and cause',
    },
  },
  {
    attack: "one of two control planes on one etcd sees or takes away what is the other's",
    file: 'src/planes/store/etcd-prefix.ts',
    find: '    deleteRange: (from, end) => client.deleteRange(outer(from), outer(end)),\n',
    replace: '    deleteRange: (from) => client.deleteRange(outer(from).slice(0, -1), `${outer(from)}~`),\n',
    test: {
      file: 'test/component/plane-etcd-prefix.test.ts',
      name: 'are looked at and taken away one by one',
    },
  },
  {
    attack: "an API server of a control plane writes Secrets that another one of it can't read",
    file: 'src/planes/encryption-steps.ts',
    find: '  if (!facts.isRolledOut) return state;\n',
    replace: '',
    test: {
      file: 'src/planes/encryption-steps.test.ts',
      name: 'take no step while an API server runs with the state before',
    },
  },
];
