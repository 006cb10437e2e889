/** A control against an attack, and what the code reads like without it: then the named test must fail. */
export interface Control {
  /** The attack, in the words of docs/security.md. */
  readonly attack: string;
  readonly file: string;
  /** Stands once in the file. */
  readonly find: string;
  readonly replace: string;
  readonly test: { readonly file: string; readonly name: string };
}
