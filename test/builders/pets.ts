import { CONFIG_MAP } from '../../src/kube/builtin-kinds.ts';
import type { Kind } from '../../src/kube/kind.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { Write, StatusBase } from '../../src/runtime/plan.ts';

/** A kind that tests of the runtime work on. */
export interface Pet extends KubeObject {
  readonly spec?: { readonly name?: string; readonly food?: string };
  readonly status?: StatusBase;
}
export const PET: Kind<Pet> = {
  group: 'zoo.dev',
  version: 'v1',
  kind: 'Pet',
  plural: 'pets',
  namespaced: true,
};

/** On what is made for a pet: its UID. */
export const OWNER_LABEL = 'tenantry.dev/instance-uid';

/** Serves pets with whatever fields they have. */
export const PET_DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'pets.zoo.dev' },
  spec: {
    group: 'zoo.dev',
    scope: 'Namespaced',
    names: { kind: 'Pet', listKind: 'PetList', plural: 'pets', singular: 'pet' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

export const pet = (name: string, spec: Pet['spec'] = {}): Pet => ({
  apiVersion: 'zoo.dev/v1',
  kind: 'Pet',
  metadata: { namespace: 'default', name },
  spec,
});

/** The write of a ConfigMap that belongs to a pet. */
export function mapOf({ metadata }: Pet, data: Readonly<Record<string, string>>): Write {
  const { namespace = '', name, uid: owner = '' } = metadata;
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name, labels: { [OWNER_LABEL]: owner } },
    data,
  };
  return { verb: 'own', kind: CONFIG_MAP, object, owner };
}
