import { matchesRequirements, parseSelector } from '../../src/kube/selector.ts';
import { present } from './event-form.ts';
import { isMap, mapAt, type Stored } from './json.ts';
import type { Resource } from './resources.ts';
import { StatusError } from './status-error.ts';
import { namespaceOf } from './store.ts';

/** Which objects a list or watch asks for. */
export type Selects = (object: Stored) => boolean;

const OBJECT_FIELDS = ['apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'];
/** Fields that can be selected by besides name and namespace; the server knows no others and refuses them. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  'pods.': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  'nodes.': ['spec.unschedulable'],
  'namespaces.': ['status.phase'],
  'secrets.': ['type'],
  'services.': ['spec.clusterIP', 'spec.type'],
  'jobs.batch': ['status.successful'],
  'events.': [
    ...OBJECT_FIELDS.map((field) => `involvedObject.${field}`),
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  'events.events.k8s.io': [
    ...OBJECT_FIELDS.map((field) => `regarding.${field}`),
    'reason',
    'reportingController',
    'type',
  ],
};

interface Selecting {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
}

export function selection({ resource, namespace, query }: Selecting): Selects {
  const labels = parseSelector(query.get('labelSelector') ?? '');
  if (labels === undefined)
    throw new StatusError('BadRequest', `unable to parse requirement: ${query.get('labelSelector')}`);
  const fields = parseFields(resource, query.get('fieldSelector') ?? '');
  return (object) =>
    (namespace === undefined || namespaceOf(object) === namespace) &&
    // True: labels are texts, or the API would not have stored them.
    matchesRequirements(labels, mapAt(object.metadata, 'labels') as Record<string, string>) &&
    fields.every(
      ({ path, value, equal }) => (fieldText(present(resource, object), path) === value) === equal,
    );
}

function parseFields(
  resource: Resource,
  text: string,
): { path: readonly string[]; value: string; equal: boolean }[] {
  if (text === '') return [];
  const known = [
    'metadata.name',
    ...(resource.namespaced ? ['metadata.namespace'] : []),
    ...(SELECTABLE[`${resource.plural}.${resource.group}`] ?? []),
  ];
  return text.split(',').map((part) => {
    const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
    if (match === null)
      throw new StatusError('BadRequest', `invalid selector: '${text}'; can't understand '${part}'`);
    const [, field = '', operator, value = ''] = match;
    if (!known.includes(field)) throw new StatusError('BadRequest', `field label not supported: ${field}`);
    return { path: field.split('.'), value, equal: operator !== '!=' };
  });
}

function fieldText(object: Stored, path: readonly string[]): string {
  const value = path.reduce<unknown>((node, key) => (isMap(node) ? node[key] : undefined), object);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
