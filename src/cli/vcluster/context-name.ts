/** What a context that `vcluster connect` made leads to. */
export interface ClusterContext {
  readonly name: string;
  readonly namespace: string;
  /** The context of the host cluster that it was made from. */
  readonly parent: string;
}

const PREFIX = 'vcluster';

/** How vcluster calls the context of a virtual cluster. */
export function contextNameOf({ name, namespace, parent }: ClusterContext): string {
  return [PREFIX, name, namespace, parent].join('_');
}

/** What a context leads to by its name; undefined: it is none of a virtual cluster. Names of Kubernetes hold no `_`; those of contexts may. */
export function readContextName(context: string): ClusterContext | undefined {
  const [prefix, name = '', namespace = '', ...rest] = context.split('_');
  const parent = rest.join('_');
  return prefix === PREFIX && name !== '' && namespace !== '' && rest.length > 0
    ? { name, namespace, parent }
    : undefined;
}
