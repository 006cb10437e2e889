import { serviceAccountName, type Instance } from '../../api/instance.ts';
import { namespaceOf, releaseNameOf } from './names.ts';
import type { Identity } from './policies.ts';
import type { InstanceService, InstanceSettings } from './service.ts';

/**
 * Everything an instance's names are made of is what cannot change: its kind, namespace, name and UID; and the release that it took
 * over, which admission keeps as it is once the instance has its namespace. Never a status.
 */
export function identityOf(
  instance: Instance,
  service: Pick<InstanceService, 'kind' | 'composition'>,
  settings: Pick<InstanceSettings, 'operatorNamespace' | 'accountsNamespace'>,
): Identity {
  const { name, namespace = '', uid = '' } = instance.metadata;
  const { kind } = service;
  const { adopted } = instance.tenantry ?? {};
  return {
    uid,
    kind: kind.kind,
    name,
    namespace,
    target: adopted?.namespace ?? namespaceOf({ namespace, name }, settings.operatorNamespace),
    release: adopted?.release ?? releaseNameOf(kind.kind, name),
    serviceUid: service.composition.uid,
    account: { namespace: settings.accountsNamespace, name: serviceAccountName(kind) },
  };
}
