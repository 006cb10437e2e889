/** On a namespace: `vcluster create` made it, and `vcluster delete` may take it away. As vcluster writes it. */
export const CREATED_ANNOTATION = 'vcluster.loft.sh/created';
