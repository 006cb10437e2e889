import type { KubeObject } from '../kube/object.ts';
import type { Watch } from './controller.ts';

/**
 * States a watch with the type of its kind and gives it the type that `Controller.watches` takes. Needed because a
 * function of Pods is no function of any object to the compiler.
 */
export function watch<T extends KubeObject>(definition: Watch<T>): Watch {
  // True because an informer hands on objects of its own kind only: `wakes`, `slim` and `indexes` never see others.
  return definition as unknown as Watch;
}
