import { listAt, mapAt, type Stored } from './json.ts';

/** An object marked for deletion goes with its last finalizer. */
export const isDone = (object: Stored): boolean =>
  object.metadata['deletionTimestamp'] !== undefined &&
  listAt(object.metadata, 'finalizers').length === 0 &&
  listAt(mapAt(object, 'spec'), object.kind === 'Namespace' ? 'finalizers' : ' ').length === 0;
