import { deepEqual } from '../../src/lib/deep-equal.ts';
import { checkDefinition } from './definitions.ts';
import { isMap, listAt, mapAt, withoutEmpty, type JsonMap, type Stored } from './json.ts';
import type { Resource } from './resources.ts';
import { invalid } from './write-errors.ts';

/** The little the fake knows about built-in kinds; defaults of pods, deployments and the rest are not set. */
export function prepareBuiltin(resource: Resource, object: Stored, before: Stored | undefined): Stored {
  if (resource.crd !== undefined) return object;
  switch (resource.kind) {
    case 'Namespace':
      return before === undefined ? newNamespace(object) : object;
    case 'Secret':
      return checkKeys(resource, withEncodedData(frozen(resource, object, before)));
    case 'ConfigMap':
      return checkKeys(resource, frozen(resource, withoutEmpty(object, ['data', 'binaryData']), before));
    case 'Service':
      return withAddress(object, before);
    case 'CustomResourceDefinition':
      checkDefinition(resource, object.metadata.name, mapAt(object, 'spec'));
      return object;
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
  return withoutEmpty({ ...rest, type: object['type'] ?? 'Opaque', data }, ['data']);
}

function frozen(resource: Resource, object: Stored, before: Stored | undefined): Stored {
  if (before?.['immutable'] !== true) return object;
  const changed = ['data', 'binaryData', 'stringData', 'immutable'].some(
    (key) => !deepEqual(before[key], object[key]),
  );
  if (!changed) return object;
  const message = 'Forbidden: field is immutable when `immutable` is set';
  throw invalid(resource, object.metadata.name, [{ field: 'data', message, reason: 'FieldValueForbidden' }]);
}

/** Bytes of all values of a Secret or ConfigMap. */
const DATA_BYTES = 1024 * 1024;

function checkKeys(resource: Resource, object: Stored): Stored {
  const data = mapAt(object, 'data');
  const wrong = Object.keys(data).find((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key));
  if (wrong !== undefined) {
    const message = `Invalid value: ${JSON.stringify(wrong)}: a valid config key must consist of alphanumeric characters, '-', '_' or '.'`;
    throw invalid(resource, object.metadata.name, [{ field: `data[${wrong}]`, message }]);
  }
  const encoding = resource.kind === 'Secret' ? 'base64' : 'utf8';
  const bytes = Object.values(data).reduce<number>(
    (sum, value) => sum + Buffer.byteLength(String(value), encoding),
    0,
  );
  if (bytes <= DATA_BYTES) return object;
  const field = resource.kind === 'Secret' ? 'data' : '';
  const message = `Too long: may not be more than ${DATA_BYTES} bytes`;
  throw invalid(resource, object.metadata.name, [{ field, message, reason: 'FieldValueTooLong' }]);
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
