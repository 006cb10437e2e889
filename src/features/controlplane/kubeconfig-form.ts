import type { ControlPlane } from '../../api/control-plane.ts';
import { VCLUSTER_KUBECONFIG } from '../../api/control-plane-names.ts';
import { adminForm, type KubeconfigForm } from '../../planes/secrets.ts';

/** vcluster's own name for everything in its kubeconfigs, which KubeFlex's clients expect of this type. */
const VCLUSTER = 'my-vcluster';

/** The Secret of kubeconfigs by the type of the plane, in KubeFlex's form. */
export function kubeconfigForm({ metadata, spec }: ControlPlane): KubeconfigForm {
  if (spec.type !== 'vcluster') return adminForm(metadata.name);
  return { ...VCLUSTER_KUBECONFIG, names: { cluster: VCLUSTER, user: VCLUSTER, context: VCLUSTER } };
}
