/** What of an instance says how it is. */
export interface Standing {
  readonly ready: { readonly status: string; readonly reason: string; readonly message: string } | undefined;
  /** Nothing happens until somebody changes something. */
  readonly stalled: boolean;
  readonly deleting: boolean;
}

/** In a word, and whether that is good: the colour never says more than the word. */
export interface State {
  readonly word: string;
  readonly tone: 'good' | 'busy' | 'bad';
}

/** Ready, on its way, or stuck. Pure. */
export function stateOf({ ready, stalled, deleting }: Standing): State {
  if (deleting) return { word: 'Deleting', tone: 'busy' };
  if (ready?.status === 'True') return { word: 'Ready', tone: 'good' };
  const word = ready === undefined ? 'Starting' : wordsOf(ready.reason);
  return { word, tone: stalled ? 'bad' : 'busy' };
}

/** `QuotaExceeded` → `Quota exceeded`. */
function wordsOf(reason: string): string {
  const words = reason.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words === '' ? 'Not ready' : `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
