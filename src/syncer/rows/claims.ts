import { PVC, type PersistentVolumeClaim } from '../../kube/builtin-kinds.ts';
import { hostAnnotations, hostLabels } from '../marks.ts';
import { rowOf, type Row } from '../row.ts';
import { statusPatch } from '../status-patch.ts';
import type { Deed } from '../deed.ts';
import { refusal, type Surroundings, type Translation } from '../translation.ts';

type Spec = NonNullable<PersistentVolumeClaim['spec']>;

/** Whether a claim may name its class, and what its annotation of old said. */
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** Claims: the host provisions, the tenant learns phase and size. A claim whose volume is lost says so and stays. */
export const CLAIM_ROW: Row<PersistentVolumeClaim> = rowOf<PersistentVolumeClaim>({
  kind: PVC,
  translate: translateClaim,
  back: claimBack,
});

/** The claim on the host. It never names a volume: those of the host belong to whoever they were made for. */
export function translateClaim(
  claim: PersistentVolumeClaim,
  around: Surroundings,
): Translation<PersistentVolumeClaim> {
  const { tenant } = around;
  const { namespace, name } = claim.metadata;
  const spec: Spec = claim.spec ?? {};
  const reasons = claimRefusals(claim, spec, around);
  if (reasons.length > 0) return { is: 'refused', reasons };
  const { volumeName, dataSource, dataSourceRef: _ref, ...kept } = spec;
  const { [CLASS_ANNOTATION]: _old, ...annotations } = hostAnnotations(claim, PVC);
  return {
    is: 'object',
    object: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: around.hostName(PVC, { namespace, name }),
        namespace: tenant.hostNamespace,
        labels: hostLabels(claim, tenant),
        annotations: withoutBinding(annotations),
        ...(tenant.owner === undefined ? {} : { ownerReferences: [tenant.owner] }),
      },
      spec: {
        ...kept,
        ...(tenant.rules.volumeName && volumeName !== undefined ? { volumeName } : {}),
        ...(dataSource === undefined
          ? {}
          : {
              dataSource: { ...dataSource, name: around.hostName(PVC, { namespace, name: dataSource.name }) },
            }),
      },
    },
  };
}

/** The annotations of Kubernetes' own controllers of volumes, which believe what they read. */
function withoutBinding(annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(annotations).filter(
      ([key]) => !key.startsWith('pv.kubernetes.io/') && !/^volume\.(beta\.)?kubernetes\.io\//.test(key),
    ),
  );
}

function claimRefusals(
  claim: PersistentVolumeClaim,
  spec: Spec,
  { tenant }: Surroundings,
): readonly string[] {
  const { rules } = tenant;
  const reasons: string[] = [];
  // A claim that was bound carries the name of its volume: we wrote it. It is passed on to nobody.
  const bound = claim.status?.phase === 'Bound' || claim.status?.phase === 'Lost';
  if ((spec.volumeName ?? '') !== '' && !rules.volumeName && !bound)
    reasons.push(refusal('spec.volumeName', 'volumes of the host are not yours', 'leave it out'));
  if (spec.selector !== undefined && !rules.volumeName)
    reasons.push(
      refusal('spec.selector', 'volumes of the host are not yours', 'name a storage class instead'),
    );
  const name = spec.storageClassName ?? claim.metadata.annotations?.[CLASS_ANNOTATION];
  if (name !== undefined && rules.storageClasses?.includes(name) === false) {
    const allowed = rules.storageClasses.join(', ') || 'none';
    reasons.push(refusal('spec.storageClassName', `"${name}" is not in the plan`, `use one of: ${allowed}`));
  }
  const source = spec.dataSource ?? spec.dataSourceRef;
  if (source !== undefined && source.kind !== 'PersistentVolumeClaim')
    reasons.push(refusal('spec.dataSource', `a ${source.kind} cannot be a source here`, 'use a claim'));
  if ((spec.dataSourceRef?.namespace ?? '') !== '')
    reasons.push(
      refusal('spec.dataSourceRef.namespace', 'claims are copied within a namespace', 'leave it out'),
    );
  return reasons;
}

function claimBack(tenant: PersistentVolumeClaim, host: PersistentVolumeClaim): readonly Deed[] {
  const { namespace, name, uid } = tenant.metadata;
  const volumeName = host.spec?.volumeName ?? '';
  const named: readonly Deed[] =
    volumeName === '' || (tenant.spec?.volumeName ?? '') !== ''
      ? []
      : [
          {
            do: 'patch',
            on: 'tenant',
            kind: PVC,
            ref: { namespace, name },
            type: 'merge',
            body: { metadata: { uid }, spec: { volumeName } },
          },
        ];
  return [...named, ...statusPatch(PVC, tenant, host.status)];
}
