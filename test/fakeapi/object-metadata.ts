import { isMap, listAt, mapAt, stringAt, type JsonMap } from './json.ts';
import type { Resource } from './resources.ts';
import type { FieldFailure } from './write-errors.ts';

const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const WORD = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
/** Kinds whose names are path segments, not DNS names. */
const FREE_NAMES = new Set(['Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding']);
/** Kinds whose names are one label of a DNS name. */
const LABEL_NAMES = new Set(['Namespace', 'Service']);
const LABEL_LENGTH = 63;
const SUBDOMAIN_LENGTH = 253;
/** Bytes of all annotations of one object. */
const ANNOTATION_BYTES = 256 * 1024;

/** What a server that does not know the kind any better finds wrong with the metadata of an object. */
export function metadataFailures(resource: Resource, metadata: JsonMap): FieldFailure[] {
  return [
    ...nameFailures(resource, metadata),
    ...labelFailures(mapAt(metadata, 'labels')),
    ...annotationFailures(mapAt(metadata, 'annotations')),
    ...ownerFailures(listAt(metadata, 'ownerReferences')),
    ...listAt(metadata, 'finalizers').flatMap((finalizer) =>
      isQualified(String(finalizer)) ? [] : [bad('metadata.finalizers', finalizer, QUALIFIED)],
    ),
  ];
}

const QUALIFIED =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character, of at most 63 characters, after an optional DNS subdomain prefix and '/'";

const bad = (field: string, value: unknown, message: string): FieldFailure => ({
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
});

function nameFailures(resource: Resource, metadata: JsonMap): FieldFailure[] {
  const name = stringAt(metadata, 'name') ?? '';
  if (name === '') {
    const message = 'Required value: name or generateName is required';
    return [{ field: 'metadata.name', message, reason: 'FieldValueRequired' }];
  }
  const builtin = resource.crd === undefined;
  if (builtin && FREE_NAMES.has(resource.kind))
    return /[/%]/.test(name) || name === '.' || name === '..'
      ? [bad('metadata.name', name, "may not contain '/' or '%'")]
      : [];
  const label = builtin && LABEL_NAMES.has(resource.kind);
  const fits = label
    ? DNS_LABEL.test(name) && name.length <= LABEL_LENGTH
    : DNS_SUBDOMAIN.test(name) && name.length <= SUBDOMAIN_LENGTH;
  const form = label ? 'a lowercase RFC 1123 label' : 'a lowercase RFC 1123 subdomain';
  return fits ? [] : [bad('metadata.name', name, `${form} must be given`)];
}

function isQualified(key: string): boolean {
  const parts = key.split('/');
  const [name = '', prefix] = parts.toReversed();
  const prefixFits =
    prefix === undefined || (DNS_SUBDOMAIN.test(prefix) && prefix.length <= SUBDOMAIN_LENGTH);
  return parts.length <= 2 && prefixFits && WORD.test(name) && name.length <= LABEL_LENGTH;
}

function labelFailures(labels: JsonMap): FieldFailure[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...(isQualified(key) ? [] : [bad('metadata.labels', key, QUALIFIED)]),
    ...(value === '' || (WORD.test(String(value)) && String(value).length <= LABEL_LENGTH)
      ? []
      : [bad('metadata.labels', value, 'a valid label value must be given')]),
  ]);
}

function annotationFailures(annotations: JsonMap): FieldFailure[] {
  const entries = Object.entries(annotations);
  const bytes = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );
  const failures = entries.flatMap(([key]) =>
    isQualified(key.toLowerCase()) ? [] : [bad('metadata.annotations', key, QUALIFIED)],
  );
  if (bytes <= ANNOTATION_BYTES) return failures;
  const message = `Too long: may not be more than ${ANNOTATION_BYTES} bytes`;
  return [...failures, { field: 'metadata.annotations', message, reason: 'FieldValueTooLong' }];
}

function ownerFailures(references: readonly unknown[]): FieldFailure[] {
  const owners = references.filter(isMap);
  const missing = owners.flatMap((owner, index) =>
    ['apiVersion', 'kind', 'name', 'uid'].flatMap((member): FieldFailure[] =>
      (stringAt(owner, member) ?? '') === ''
        ? [
            {
              field: `metadata.ownerReferences[${index}].${member}`,
              message: 'Required value: must not be empty',
              reason: 'FieldValueRequired',
            },
          ]
        : [],
    ),
  );
  const controllers = owners.filter((owner) => owner['controller'] === true);
  if (controllers.length <= 1) return missing;
  return [
    ...missing,
    bad('metadata.ownerReferences', controllers.length, 'Only one reference can have Controller set to true'),
  ];
}
