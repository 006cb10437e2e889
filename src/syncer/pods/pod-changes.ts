import { POD, type Pod } from '../../kube/builtin-kinds.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { deepEqual } from '../../lib/deep-equal.ts';
import { shortHash } from '../../lib/hash.ts';
import { tellRefusal, type Deed } from '../deed.ts';
import { WRITTEN_ANNOTATION } from '../marks.ts';
import type { Surroundings } from '../translation.ts';
import { hostContainer } from './pod-env.ts';
import { containerRefusals } from './pod-refusals.ts';
import { hostPodAnnotations, hostPodLabels } from './translate-pod.ts';

type Spec = NonNullable<Pod['spec']>;
type Container = Spec['containers'][number];

/** On the host's pod: the keys that came from the tenant's, so that one that goes there goes here, and no other one. */
const LABELS_ANNOTATION = 'vcluster.loft.sh/managed-labels';
const ANNOTATIONS_ANNOTATION = 'vcluster.loft.sh/managed-annotations';
const HASH_DIGITS = 20;

type Texts = Readonly<Record<string, string>>;

/** The host's pod as it is created: with the marks by which its changes are told later. */
export function stampedPod(host: Pod, tenant: Pod): Pod {
  const { labels = {}, annotations = {} } = host.metadata;
  return {
    ...host,
    metadata: { ...host.metadata, annotations: { ...annotations, ...stamps(labels, annotations, tenant) } },
  };
}

function stamps(labels: Texts, annotations: Texts, tenant: Pod): Texts {
  return {
    [LABELS_ANNOTATION]: Object.keys(labels).sort().join('\n'),
    [ANNOTATIONS_ANNOTATION]: Object.keys(annotations).sort().join('\n'),
    [WRITTEN_ANNOTATION]: shortHash(canonicalJson(changeable(tenant)), HASH_DIGITS),
  };
}

/** What may change in a pod that exists. */
function changeable({ spec }: Pod): unknown {
  const images = (containers: readonly Container[] | undefined): unknown =>
    containers?.map(({ name, image, resources }) => ({ name, image, resources })) ?? [];
  return {
    containers: images(spec?.containers),
    initContainers: images(spec?.initContainers),
    activeDeadlineSeconds: spec?.activeDeadlineSeconds ?? 0,
    tolerations: spec?.tolerations ?? [],
    schedulingGates: spec?.schedulingGates ?? [],
  };
}

/** Brings what the tenant changed to the pod that runs. Changes that others made to it on the host stay. */
export function podChanges(tenant: Pod, host: Pod, around: Surroundings): readonly Deed[] {
  const { namespace, name, uid } = host.metadata;
  const ref = { namespace, name };
  const labels = hostPodLabels(tenant, around);
  const annotations = hostPodAnnotations(tenant);
  const stamp = stamps(labels, annotations, tenant);
  const present = host.metadata.annotations ?? {};
  const moved = present[WRITTEN_ANNOTATION] !== stamp[WRITTEN_ANNOTATION];
  const labelChanges = textChanges(host.metadata.labels ?? {}, labels, present[LABELS_ANNOTATION]);
  const annotationChanges = textChanges(
    present,
    { ...annotations, ...stamp },
    present[ANNOTATIONS_ANNOTATION],
  );
  const spec = moved ? specChanges(tenant.spec, host.spec) : {};
  const deeds: Deed[] = [];
  const resize = moved ? resized(tenant.spec, host.spec) : [];
  // First: only when it was accepted may the stamp say that it was written.
  if (resize.length > 0)
    deeds.push({
      do: 'patch',
      on: 'host',
      kind: POD,
      ref,
      type: 'strategic',
      subresource: 'resize',
      body: { metadata: { uid }, spec: { containers: resize } },
    });
  if (Object.keys({ ...labelChanges, ...annotationChanges, ...spec }).length > 0)
    deeds.push({
      do: 'patch',
      on: 'host',
      kind: POD,
      ref,
      type: 'strategic',
      body: { metadata: { uid, labels: labelChanges, annotations: annotationChanges }, spec },
    });
  return [...deeds, ...debugContainers(tenant, host, around)];
}

/** Keys to set, and with null those to take away: that were ours and are no longer. */
function textChanges(present: Texts, wanted: Texts, managed = ''): Readonly<Record<string, string | null>> {
  const gone = managed.split('\n').filter((key) => key !== '' && key in present && !(key in wanted));
  return {
    ...Object.fromEntries(Object.entries(wanted).filter(([key, value]) => present[key] !== value)),
    ...Object.fromEntries(gone.map((key) => [key, null])),
  };
}

function specChanges(tenant: Spec | undefined, host: Spec | undefined): Readonly<Record<string, unknown>> {
  const images = (own: readonly Container[] = [], there: readonly Container[] = []): readonly object[] =>
    own.flatMap(({ name, image }) => {
      const present = there.find((one) => one.name === name);
      return present === undefined || present.image === image ? [] : [{ name, image }];
    });
  const containers = images(tenant?.containers, host?.containers);
  const initContainers = images(tenant?.initContainers, host?.initContainers);
  const deadline = tenant?.activeDeadlineSeconds;
  const tolerations = (tenant?.tolerations ?? []).filter(
    (own) => !(host?.tolerations ?? []).some((there) => deepEqual(there, own)),
  );
  const gates = (host?.schedulingGates ?? []).filter(
    ({ name }) => !(tenant?.schedulingGates ?? []).some((own) => own.name === name),
  );
  return {
    ...(containers.length === 0 ? {} : { containers }),
    ...(initContainers.length === 0 ? {} : { initContainers }),
    ...(deadline === undefined || deadline === host?.activeDeadlineSeconds
      ? {}
      : { activeDeadlineSeconds: deadline }),
    ...(tolerations.length === 0 ? {} : { tolerations: [...(host?.tolerations ?? []), ...tolerations] }),
    ...(gates.length === 0 ? {} : { schedulingGates: gates.map(({ name }) => ({ $patch: 'delete', name })) }),
  };
}

/** Containers whose resources the tenant changed; what the host set by itself stays. */
function resized(tenant: Spec | undefined, host: Spec | undefined): readonly object[] {
  return (tenant?.containers ?? []).flatMap(({ name, resources }) => {
    const there = host?.containers.find((one) => one.name === name)?.resources;
    const changes = (['requests', 'limits'] as const).flatMap((field) => {
      const own = Object.entries(resources?.[field] ?? {});
      const changed = own.filter(([key, value]) => there?.[field]?.[key] !== value);
      return changed.length === 0 ? [] : [[field, Object.fromEntries(changed)] as const];
    });
    return changes.length === 0 ? [] : [{ name, resources: Object.fromEntries(changes) }];
  });
}

/** `kubectl debug`: containers that come later; they never go. */
function debugContainers(tenant: Pod, host: Pod, around: Surroundings): readonly Deed[] {
  const there = new Set((host.spec?.ephemeralContainers ?? []).map(({ name }) => name));
  const fresh = (tenant.spec?.ephemeralContainers ?? []).filter(({ name }) => !there.has(name));
  if (fresh.length === 0) return [];
  const refusals = fresh.flatMap((one) =>
    // Ephemeral containers have what is looked at in the same form.
    containerRefusals(`spec.ephemeralContainers[${one.name}]`, one as Container, around.tenant.rules),
  );
  if (refusals.length > 0) return [tellRefusal(tenant, refusals)];
  const { namespace, name, uid } = host.metadata;
  return [
    {
      do: 'patch',
      on: 'host',
      kind: POD,
      ref: { namespace, name },
      type: 'strategic',
      subresource: 'ephemeralcontainers',
      body: {
        metadata: { uid },
        spec: { ephemeralContainers: fresh.map((one) => hostContainer(one, tenant, around)) },
      },
    },
  ];
}
