import { INGRESS, SECRET, SERVICE, type Ingress } from '../../kube/builtin-kinds.ts';
import { hostAnnotations, hostLabels } from '../marks.ts';
import { SECRET_ANNOTATIONS } from '../references.ts';
import { rowOf, type Row } from '../row.ts';
import { statusPatch } from '../status-patch.ts';
import { refusal, type Surroundings, type Translation } from '../translation.ts';

type Spec = NonNullable<Ingress['spec']>;
type Backend = NonNullable<Spec['defaultBackend']>;

/** Annotations that are configuration of the controller itself, which serves everybody on the host. */
const DANGEROUS = /-snippets?$|\/server-alias$|\/auth-url$|\/auth-signin$|\/permanent-redirect$/;

/** Ingresses: the host's controller serves them; names of Services and Secrets are translated. */
export const INGRESS_ROW: Row<Ingress> = rowOf<Ingress>({
  kind: INGRESS,
  translate: translateIngress,
  back: (tenant, host) => statusPatch(INGRESS, tenant, host.status ?? {}),
});

function translateIngress(ingress: Ingress, around: Surroundings): Translation<Ingress> {
  const { tenant } = around;
  const { namespace, name } = ingress.metadata;
  const spec: Spec = ingress.spec ?? {};
  const reasons = ingressRefusals(ingress, spec, around);
  if (reasons.length > 0) return { is: 'refused', reasons };
  const backend = (given: Backend): Backend =>
    given.service === undefined
      ? given
      : {
          service: {
            ...given.service,
            name: around.hostName(SERVICE, { namespace, name: given.service.name }),
          },
        };
  const { defaultBackend, rules, tls } = spec;
  return {
    is: 'object',
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        name: around.hostName(INGRESS, { namespace, name }),
        namespace: tenant.hostNamespace,
        labels: hostLabels(ingress, tenant),
        annotations: ingressAnnotations(ingress, around),
        ...(tenant.owner === undefined ? {} : { ownerReferences: [tenant.owner] }),
      },
      spec: {
        ...spec,
        ...(defaultBackend === undefined ? {} : { defaultBackend: backend(defaultBackend) }),
        ...(tls === undefined
          ? {}
          : {
              tls: tls.map((one) =>
                one.secretName === undefined
                  ? one
                  : { ...one, secretName: around.hostName(SECRET, { namespace, name: one.secretName }) },
              ),
            }),
        ...(rules === undefined
          ? {}
          : {
              rules: rules.map((rule) =>
                rule.http === undefined
                  ? rule
                  : {
                      ...rule,
                      http: {
                        paths: rule.http.paths.map((path) => ({ ...path, backend: backend(path.backend) })),
                      },
                    },
              ),
            }),
      },
    },
  };
}

function ingressAnnotations(ingress: Ingress, around: Surroundings): Readonly<Record<string, string>> {
  const { namespace } = ingress.metadata;
  return Object.fromEntries(
    Object.entries(hostAnnotations(ingress, INGRESS)).map(([key, value]) => {
      if (!SECRET_ANNOTATIONS.includes(key)) return [key, value];
      return [key, around.hostName(SECRET, { namespace, name: value })];
    }),
  );
}

function ingressRefusals(ingress: Ingress, spec: Spec, { tenant }: Surroundings): readonly string[] {
  const reasons: string[] = [];
  const { ingressClasses } = tenant.rules;
  const named = spec.ingressClassName ?? ingress.metadata.annotations?.['kubernetes.io/ingress.class'];
  if (named !== undefined && ingressClasses?.includes(named) === false)
    reasons.push(
      refusal(
        'spec.ingressClassName',
        `"${named}" is not in the plan`,
        `use one of: ${ingressClasses.join(', ') || 'none'}`,
      ),
    );
  for (const [key, value] of Object.entries(ingress.metadata.annotations ?? {})) {
    if (DANGEROUS.test(key))
      reasons.push(
        refusal(`metadata.annotations[${key}]`, 'it changes the controller for everybody', 'remove it'),
      );
    // A name with a namespace in it would be a Secret of somebody else.
    if (SECRET_ANNOTATIONS.includes(key) && value.includes('/'))
      reasons.push(
        refusal(
          `metadata.annotations[${key}]`,
          'it must name a Secret of the namespace',
          'leave out the slash',
        ),
      );
  }
  const backends = [
    spec.defaultBackend,
    ...(spec.rules ?? []).flatMap((rule) => (rule.http?.paths ?? []).map((path) => path.backend)),
  ];
  if (backends.some((backend) => backend?.resource !== undefined))
    reasons.push(refusal('spec', 'a backend that is no Service is not supported', 'use a Service'));
  return reasons;
}
