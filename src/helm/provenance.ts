import { ChartSourceError } from './chart-source-error.ts';

/** What the signature of an archive is held to, as the Go side reads it (`provenanceRequest` in tools/helm-engine/provenance.go). */
export interface ProvenanceRequest {
  /** Name of the archive's file: it is signed, too, so that an older version can't come in place of the wanted one. */
  readonly file: string;
  /** The file that `helm package --sign` writes. */
  readonly provenance: string;
  /** Public keys as `gpg --export` writes them, armored or not; base64. */
  readonly keyring: string;
}

/** What the Go side answers: one of the three is there. */
export interface ProvenanceReply {
  /** Number of the key that signed, and its names. */
  readonly signedBy?: readonly string[];
  /** Why the signature does not hold, in Helm's words. */
  readonly refused?: string;
  /** Why the keyring is of no use. */
  readonly keyring?: string;
}

/** Does what `helm verify` does, by Helm's own package. */
export type VerifyProvenance = (archive: Uint8Array, request: ProvenanceRequest) => Promise<ProvenanceReply>;

/** Bytes of a provenance file: it repeats Chart.yaml and has one signature. */
export const MAX_PROVENANCE_BYTES = 256 * 1024;

const FIELD = 'spec.newResource.chart.keyringRef';

/** A file and where it came from. */
export interface ProvenanceFile {
  readonly text: string;
  /** Host and path, for messages. */
  readonly from: string;
}

/** Holds an archive to its provenance file. Throws ChartSourceError: BadSignature, KeyringInvalid. */
export async function checkProvenance(
  verify: VerifyProvenance,
  archive: Uint8Array,
  signed: ProvenanceFile & { readonly name: string; readonly keyring: Uint8Array },
): Promise<void> {
  const reply = await verify(archive, {
    file: signed.name,
    provenance: signed.text,
    keyring: Buffer.from(signed.keyring).toString('base64'),
  });
  if (reply.keyring !== undefined)
    throw new ChartSourceError(
      'KeyringInvalid',
      `${FIELD}: pubring.gpg can not be read: ${reply.keyring}; export the signers' public keys (gpg --export)`,
    );
  if (reply.signedBy === undefined)
    throw new ChartSourceError(
      'BadSignature',
      `${FIELD}: ${signed.from} does not hold: ${reply.refused ?? 'no answer'}; ${remedyFor(reply.refused ?? '')}. Nothing of the chart is used`,
    );
}

/** There is no provenance file although one is asked for. */
export function noProvenance(from: string): ChartSourceError {
  return new ChartSourceError(
    'NotSigned',
    `${FIELD} is set and there is no provenance file at ${from}; sign the chart (helm package --sign) and publish the file beside it, or take ${FIELD} away`,
  );
}

/** What to do about what Helm and its OpenPGP package say. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/unknown entity|unknown issuer/, "the signer's key is not in the keyring: put it there if you trust it"],
  [
    /expired/,
    'key or signature are past their date: have the key prolonged and put it into the keyring anew, or the chart signed again',
  ],
  [/revoked/, 'the key was revoked: have the chart signed by one that holds'],
  [
    /sum does not match|does not contain a SHA/,
    'it was signed for another archive: this one was changed, or is another version',
  ],
];

function remedyFor(words: string): string {
  const found = REMEDIES.find(([pattern]) => pattern.test(words));
  return found?.[1] ?? 'it was changed, or is no provenance file: have the chart signed again';
}
