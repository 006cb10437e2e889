import type { Client } from '../client/client.ts';
import { watchObjects } from '../client/watcher.ts';
import type { Clock } from '../lib/clock.ts';
import { expiresAt, type KeyPair } from '../pki/certificate.ts';
import type { AdmissionHandler } from './admission.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { bundlePatch, publishBundle, type WebhookConfigurationRef } from './publish-bundle.ts';
import { createServingCertificates, type ServingCertificates } from './serving-certificates.ts';
import { startWebhookServer, type WebhookServer } from './webhook-server.ts';

/** Settings of the webhooks. */
export interface WebhookOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly host?: string;
  /** Names the API server calls us by: `<service>.<namespace>.svc`. */
  readonly dnsNames: readonly string[];
  /** Secret in the manager's namespace that the replicas share their certificates in. */
  readonly secretName: string;
  /** Webhook configurations that get the CA bundle; those that do not exist are skipped until they do. */
  readonly configurations: readonly WebhookConfigurationRef[];
}

/** What the webhooks need beside their settings. */
export interface WebhooksDeps extends WebhookOptions {
  /** Not fenced: every replica serves. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly namespace: string;
  readonly handlerAt: (path: string) => AdmissionHandler | undefined;
}

/** The webhook server with its certificates. */
export interface Webhooks {
  /** Undefined until the first certificate is there and the port is open. */
  port(): number | undefined;
  /** Serves until the signal aborts. Rejects when the port cannot be opened. */
  run(signal: AbortSignal): Promise<void>;
}

/** Puts the server, its certificates and the configurations that must trust them together. */
export function createWebhooks(deps: WebhooksDeps): Webhooks {
  const state: State = { server: undefined, published: undefined };
  return { port: () => state.server?.port, run: (signal) => run(deps, state, signal) };
}

interface State {
  server: WebhookServer | undefined;
  /** Base64 of the bundle published last. */
  published: string | undefined;
}

async function run(deps: WebhooksDeps, state: State, signal: AbortSignal): Promise<void> {
  const broken = new AbortController();
  const ending = AbortSignal.any([signal, broken.signal]);
  const certificates = createServingCertificates({
    ...deps,
    publish: async (bundle) => {
      await publishBundle(deps.client, deps.configurations, bundle);
      state.published = Buffer.from(bundle).toString('base64');
    },
  });
  let starting: Promise<void> | undefined;
  const use = (leaf: KeyPair): void => {
    deps.metrics.certificateExpires(expiresAt(leaf.cert));
    if (state.server !== undefined) state.server.useCertificate(leaf);
    // The next certificate is months away: it cannot come while the port is being opened.
    starting ??= startWebhookServer({ ...deps, certificate: leaf }).then(
      (server) => {
        state.server = server;
      },
      (error: unknown) => broken.abort(error),
    );
  };
  const watching = deps.configurations.map((reference) =>
    republishWhenChanged(deps, state, { reference, certificates, signal: ending }),
  );
  await Promise.all([certificates.run(ending, use), ...watching]);
  await starting;
  await state.server?.close();
  state.server = undefined;
  broken.signal.throwIfAborted();
}

/** A configuration that is made anew, or reset by whoever applies the chart, gets its bundle back at once. */
async function republishWhenChanged(
  deps: WebhooksDeps,
  state: State,
  {
    reference,
    certificates,
    signal,
  }: { reference: WebhookConfigurationRef; certificates: ServingCertificates; signal: AbortSignal },
): Promise<void> {
  const { client, clock, log } = deps;
  const { kind, name } = reference;
  const onError = (error: unknown): void =>
    log.debug('Watch of a webhook configuration failed and goes on', { name, error });
  try {
    const events = watchObjects(client, kind, {
      clock,
      signal,
      fieldSelector: `metadata.name=${name}`,
      onError,
    });
    for await (const event of events) {
      if (event.type !== 'apply' && event.type !== 'init-item') continue;
      // Before the first publishing there is nothing to restore.
      if (state.published !== undefined && bundlePatch(event.object, state.published).length > 0)
        certificates.poke();
    }
  } catch (error) {
    if (!signal.aborted) onError(error);
  }
}
