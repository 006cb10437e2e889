import type { Client } from '../client/client.ts';
import { SECRET, type Secret } from '../kube/builtin-kinds.ts';
import { isKubeError } from '../kube/kube-error.ts';
import { backoffMs } from '../lib/backoff.ts';
import type { Clock } from '../lib/clock.ts';
import { expiresAt, type KeyPair } from '../pki/certificate.ts';
import { dueInMs, makeCertificates, planCertificates, type Certificates } from './certificate-plan.ts';
import type { Log } from './log.ts';

/** Longest time without a look: whoever damaged the Secret or the bundles is noticed at least this often. */
const LOOK_AGAIN_MS = 12 * 60 * 60 * 1000;
/** Waits after a failure. */
const RETRY = { baseMs: 500, maxMs: 60_000, jitter: 0 };
/** Tries against other replicas that write the Secret at the same time; each of them ends the need for ours. */
const MAX_CONFLICTS = 5;

/** What serving certificates need. */
export interface ServingCertificatesOptions {
  /** Not fenced: every replica serves. Writes carry a version. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace: string;
  readonly secretName: string;
  readonly dnsNames: readonly string[];
  /** Tells API servers whom to trust (PEM); called before a certificate that needs it is used. */
  readonly publish: (bundle: string) => Promise<void>;
}

/** Certificates of the webhook server, shared by all replicas and renewed while they run. */
export interface ServingCertificates {
  /** Has the Secret and the published bundle looked at now. */
  poke(): void;
  /** Keeps them right until the signal aborts; `use` is given each new pair. Never rejects. */
  run(signal: AbortSignal, use: (leaf: KeyPair) => void): Promise<void>;
}

/** Certificates in a Secret; whoever sees that they are due renews them, the others take over what they find. */
export function createServingCertificates(options: ServingCertificatesOptions): ServingCertificates {
  let wake = new AbortController();
  const run = async (signal: AbortSignal, use: (leaf: KeyPair) => void): Promise<void> => {
    let used: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      let waitMs = LOOK_AGAIN_MS;
      wake = new AbortController();
      try {
        const certificates = await ensureCertificates(options);
        const published = await tryPublish(options, certificates.bundle);
        // A pair that nobody may trust yet is used only where there is none better.
        if (certificates.leaf.cert !== used && (published || used === undefined)) {
          used = certificates.leaf.cert;
          use(certificates.leaf);
          options.log.info('Serving certificate in use', {
            expires: new Date(expiresAt(used)).toISOString(),
          });
        }
        failures = published ? 0 : failures + 1;
        waitMs = Math.min(LOOK_AGAIN_MS, dueInMs(certificates, options.clock.now()));
      } catch (error) {
        failures += 1;
        options.log.warn('Serving certificates not renewed', { error });
      }
      if (failures > 0) waitMs = backoffMs(failures, RETRY);
      await options.clock.sleep(waitMs, AbortSignal.any([signal, wake.signal])).catch(() => undefined);
    }
  };
  return { run, poke: () => wake.abort() };
}

async function tryPublish(options: ServingCertificatesOptions, bundle: string): Promise<boolean> {
  try {
    await options.publish(bundle);
    return true;
  } catch (error) {
    options.log.warn('Certificate authority not written into the webhook configurations', { error });
    return false;
  }
}

/** Reads the Secret and renews what is due; what another replica wrote meanwhile is taken over. Throws KubeError. */
export async function ensureCertificates(options: ServingCertificatesOptions): Promise<Certificates> {
  const { client, clock, namespace, secretName, dnsNames } = options;
  for (let attempt = 1; ; attempt += 1) {
    const secret = await client.find(SECRET, { namespace, name: secretName });
    const present = secret === undefined ? undefined : readCertificates(secret);
    const now = clock.now();
    const action = planCertificates(present, dnsNames, now);
    if (action === 'keep' && present !== undefined) return present;
    const made = await makeCertificates(action === 'keep' ? 'authority' : action, present, dnsNames, now);
    try {
      if (secret === undefined) await client.create(SECRET, secretOf(options, made, undefined));
      else await client.replace(SECRET, secretOf(options, made, secret));
      options.log.info('Serving certificates renewed', { what: action });
      return made;
    } catch (error) {
      if (!isKubeError(error, 'Conflict', 'AlreadyExists', 'NotFound') || attempt >= MAX_CONFLICTS)
        throw error;
    }
  }
}

/** Undefined where a part is missing; whether they fit is the plan's question. */
function readCertificates(secret: Secret): Certificates | undefined {
  const text = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  const certificates = {
    authority: { cert: text('authority.crt'), key: text('authority.key') },
    bundle: text('ca.crt'),
    leaf: { cert: text('tls.crt'), key: text('tls.key') },
  };
  const { authority, leaf, bundle } = certificates;
  const parts = [authority.cert, authority.key, leaf.cert, leaf.key, bundle];
  return parts.every((part) => part !== '') ? certificates : undefined;
}

function secretOf(
  options: ServingCertificatesOptions,
  certificates: Certificates,
  before: Secret | undefined,
): Secret {
  const { namespace, secretName } = options;
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: before?.metadata ?? { namespace, name: secretName },
    type: before?.type ?? 'Opaque',
    data: {
      'authority.crt': encode(certificates.authority.cert),
      'authority.key': encode(certificates.authority.key),
      'ca.crt': encode(certificates.bundle),
      'tls.crt': encode(certificates.leaf.cert),
      'tls.key': encode(certificates.leaf.key),
    },
  };
}
