/** The right to write, as it stands this moment. Read before every write; see `fenced`. */
export interface WriteLease {
  /** False from the renew deadline on, even if nobody has noticed yet that the lease is lost. */
  mayWrite(): boolean;
  /** Milliseconds until another process can hold the lease at the earliest; 0 where this one does not. */
  remainingMs(): number;
  /**
   * Milliseconds for which the server may still carry out what the holder before sent; 0 where there was none or it gave
   * the lease back. A create knows no precondition: until then nothing is taken away whose name it could take again.
   */
  lateMs(): number;
}

/** For a process that has no rivals. */
export const alwaysWrite: WriteLease = {
  mayWrite: () => true,
  remainingMs: () => Number.POSITIVE_INFINITY,
  lateMs: () => 0,
};

/** For work that writes nothing. */
export const neverWrite: WriteLease = { mayWrite: () => false, remainingMs: () => 0, lateMs: () => 0 };
