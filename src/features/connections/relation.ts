import type { AnyObject } from '../../kube/object.ts';

/** How two objects are related, in KubePlus's words. */
export const RELATION_TYPES = [
  'owner reference',
  'label',
  'specproperty',
  'envvariable',
  'annotation',
] as const;
export type RelationType = (typeof RELATION_TYPES)[number];

/** A name somewhere in an object that means another object. */
export interface Mention {
  readonly kind: string;
  readonly name: string;
  /** Undefined: the namespace of the object that names it. */
  readonly namespace?: string | undefined;
  readonly type: RelationType;
  /** What says so: the field, label or variable. */
  readonly details: string;
}

/** One object leads to another. */
export interface Relation {
  readonly from: AnyObject;
  readonly to: AnyObject;
  readonly type: RelationType;
  readonly details: string;
}

/** The text by which an object is found: kinds are told apart by their names, as people name them. */
export const keyOf = (object: AnyObject): string =>
  `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
