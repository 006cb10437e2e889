import type { StatusCause } from '../../src/kube/kube-error.ts';
import type { Resource } from './resources.ts';
import { StatusError, type StatusDetails } from './status-error.ts';

/** `deployments.apps`, as messages of the server name a resource. */
export const qualified = (resource: Resource): string =>
  resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;

const about = (resource: Resource, name: string): StatusDetails => ({
  name,
  ...(resource.group === '' ? {} : { group: resource.group }),
  kind: resource.plural,
});

export const notFound = (resource: Resource, name: string): StatusError =>
  new StatusError('NotFound', `${qualified(resource)} "${name}" not found`, about(resource, name));

export const alreadyExists = (resource: Resource, name: string): StatusError =>
  new StatusError('AlreadyExists', `${qualified(resource)} "${name}" already exists`, about(resource, name));

export const conflict = (resource: Resource, name: string, message: string): StatusError =>
  new StatusError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${message}`,
    about(resource, name),
  );

/** Somebody else wrote the object since it was read. */
export const modified = (resource: Resource, name: string): StatusError =>
  conflict(
    resource,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

export const forbidden = (
  resource: Resource,
  name: string,
  message: string,
  causes: readonly StatusCause[],
): StatusError =>
  new StatusError('Forbidden', `${qualified(resource)} "${name}" is forbidden: ${message}`, {
    ...about(resource, name),
    causes,
  });

/** One thing wrong with one field. */
export interface FieldFailure {
  readonly field: string;
  readonly message: string;
  /** Without, the value is wrong. */
  readonly reason?:
    'FieldValueRequired' | 'FieldValueForbidden' | 'FieldValueDuplicate' | 'FieldValueTooLong';
}

/** All that is wrong with an object in one answer. */
export function invalid(resource: Resource, name: string, failures: readonly FieldFailure[]): StatusError {
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  const texts = failures.map(({ field, message }) => `${field}: ${message}`);
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return new StatusError('Invalid', `${kind} "${name}" is invalid: ${text}`, {
    name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.kind,
    causes: failures.map(({ field, message, reason = 'FieldValueInvalid' }) => ({ reason, message, field })),
  });
}
