import { deepEqual } from '../../src/lib/deep-equal.ts';
import { isMap, listAt, mapAt, type JsonMap, type Stored } from './json.ts';
import type { Resource } from './resources.ts';
import { StatusError } from './status-error.ts';

/** The little the fake knows about built-in kinds; defaults of pods, deployments and the rest are not set. */
export function prepareBuiltin(resource: Resource, object: Stored, before: Stored | undefined): Stored {
  if (resource.crd !== undefined) return object;
  switch (resource.kind) {
    case 'Namespace':
      return before === undefined ? newNamespace(object) : object;
    case 'Secret':
      return checkKeys(resource, withEncodedData(frozen(resource, object, before)));
    case 'ConfigMap':
      return checkKeys(resource, frozen(resource, object, before));
    case 'Service':
      return withAddress(object, before);
    case 'CustomResourceDefinition':
      return before === undefined ? withCleanup(object) : object;
    default:
      return object;
  }
}

function newNamespace(object: Stored): Stored {
  const labels = { ...mapAt(object.metadata, 'labels'), 'kubernetes.io/metadata.name': object.metadata.name };
  return {
    ...object,
    metadata: { ...object.metadata, labels },
    spec: { ...mapAt(object, 'spec'), finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

function withEncodedData(object: Stored): Stored {
  const { stringData, ...rest } = object;
  const encoded = isMap(stringData)
    ? Object.fromEntries(
        Object.entries(stringData).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]),
      )
    : {};
  const data: JsonMap = { ...mapAt(object, 'data'), ...encoded };
  return {
    ...rest,
    type: object['type'] ?? 'Opaque',
    ...(Object.keys(data).length > 0 ? { data } : {}),
  };
}

function frozen(resource: Resource, object: Stored, before: Stored | undefined): Stored {
  if (before?.['immutable'] !== true) return object;
  const changed = ['data', 'binaryData', 'stringData', 'immutable'].some(
    (key) => !deepEqual(before[key], object[key]),
  );
  if (!changed) return object;
  const message = 'Forbidden: field is immutable when `immutable` is set';
  throw new StatusError(
    'Invalid',
    `${resource.kind} "${object.metadata.name}" is invalid: data: ${message}`,
    {
      causes: [{ reason: 'FieldValueForbidden', message, field: 'data' }],
    },
  );
}

function checkKeys(resource: Resource, object: Stored): Stored {
  const wrong = Object.keys(mapAt(object, 'data')).find((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key));
  if (wrong === undefined) return object;
  const message = `Invalid value: ${JSON.stringify(wrong)}: a valid config key must consist of alphanumeric characters, '-', '_' or '.'`;
  throw new StatusError(
    'Invalid',
    `${resource.kind} "${object.metadata.name}" is invalid: data[${wrong}]: ${message}`,
    {
      causes: [{ reason: 'FieldValueInvalid', message, field: `data[${wrong}]` }],
    },
  );
}

/** Addresses out of 10.96.0.0/16, counted through all servers of a test run: nobody may rely on a certain one. */
let lastAddress = 0;

function withAddress(object: Stored, before: Stored | undefined): Stored {
  const spec = mapAt(object, 'spec');
  const type = spec['type'] ?? 'ClusterIP';
  if (type === 'ExternalName') return object;
  const assigned = spec['clusterIP'] ?? mapAt(before, 'spec')['clusterIP'];
  if (assigned === undefined) lastAddress += 1;
  const clusterIP = assigned ?? `10.96.${(lastAddress >> 8) & 255}.${lastAddress & 255}`;
  const ports = listAt(spec, 'ports').map((port) => (isMap(port) ? { protocol: 'TCP', ...port } : port));
  return { ...object, spec: { ...spec, type, clusterIP, ...(ports.length > 0 ? { ports } : {}) } };
}

function withCleanup(object: Stored): Stored {
  const finalizers = [...listAt(object.metadata, 'finalizers'), 'customresourcecleanup.apiextensions.k8s.io'];
  return { ...object, metadata: { ...object.metadata, finalizers: [...new Set(finalizers)] } };
}
