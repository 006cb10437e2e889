/** The right to write, as it stands this moment. Read before every write; see `fenced`. */
export interface WriteLease {
  /** False from the renew deadline on, even if nobody has noticed yet that the lease is lost. */
  mayWrite(): boolean;
  /** Milliseconds until another process can hold the lease at the earliest; 0 where this one does not. */
  remainingMs(): number;
}

/** For a process that has no rivals. */
export const alwaysWrite: WriteLease = {
  mayWrite: () => true,
  remainingMs: () => Number.POSITIVE_INFINITY,
};

/** For work that writes nothing. */
export const neverWrite: WriteLease = { mayWrite: () => false, remainingMs: () => 0 };
