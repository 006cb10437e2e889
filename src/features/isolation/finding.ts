/** What keeps an instance apart from others. */
export type Control =
  | 'namespace'
  | 'pod security'
  | 'quota'
  | 'limits'
  | 'network policies'
  | 'egress'
  | 'role bindings'
  | 'account without token'
  | 'nodes'
  | 'exclusive nodes'
  | 'runtime class'
  | 'pod resources'
  | 'storage classes'
  | 'strict isolation'
  | 'admission policies'
  | 'privileged pod'
  | 'pod above quota'
  | 'packet in'
  | 'packet out';

/**
 * `green`: in force. `red`: not in force. `unknown`: whoever asks may not see it, or it can't be told. `notAsked`: neither the service nor the
 * plan asks for it.
 */
export type State = 'green' | 'red' | 'unknown' | 'notAsked';

/** One control, whether it is in force, and what to do where it is not. */
export interface Finding {
  readonly control: Control;
  readonly state: State;
  /** What was seen. */
  readonly message: string;
  /** What to do; empty where nothing is to be done. */
  readonly remedy: string;
}

/** What a control was found to be, before it is named. */
export type Verdict = Omit<Finding, 'control'>;

export const green = (message: string): Verdict => ({ state: 'green', message, remedy: '' });
export const red = (message: string, remedy: string): Verdict => ({ state: 'red', message, remedy });
export const unknown = (message: string, remedy: string): Verdict => ({ state: 'unknown', message, remedy });
export const notAsked = (message: string): Verdict => ({ state: 'notAsked', message, remedy: '' });

/** What whoever may not look is told. */
export const hidden = (what: string): Verdict =>
  unknown(`you may not read ${what}`, 'Ask the provider, or use a context that may.');

/** What the operator puts back by itself: where it is not back, the operator is what to look at. */
export const PUT_BACK =
  'The operator puts it back within seconds; where it does not, `tenantry doctor` says why.';
