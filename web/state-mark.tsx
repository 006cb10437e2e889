import type { ReactNode } from 'react';
import { stateOf, type Standing } from './state-of.ts';

export function StateMark({ of }: { readonly of: Standing }): ReactNode {
  const { word, tone } = stateOf(of);
  return <span className={`state ${tone}`}>{word}</span>;
}
