import type { Pod } from '../../kube/builtin-kinds.ts';
import { shortHash } from '../../lib/hash.ts';
import type { Tenant } from '../tenant.ts';

/** Life of a token whose volume names none: what Kubernetes takes. */
const DEFAULT_SECONDS = 3600;
/** Digits of the name of the Secret that holds a pod's tokens. */
const NAME_DIGITS = 32;

/** One token that a pod asks for. */
export interface TokenWish {
  /** The key in the Secret. */
  readonly key: string;
  /** Undefined: the API server's own. */
  readonly audience: string | undefined;
  readonly seconds: number;
}

/** The tokens that a pod's volumes ask for. They are the tenant's cluster's: on the host they prove nothing. */
export function tokenWishes({ spec }: Pod): readonly TokenWish[] {
  return (spec?.volumes ?? []).flatMap((volume) =>
    (volume.projected?.sources ?? []).flatMap((source, index) => {
      const wish = source.serviceAccountToken;
      if (wish === undefined) return [];
      const { audience, expirationSeconds } = wish;
      const key = tokenKey(volume.name, index);
      return [{ key, audience, seconds: expirationSeconds ?? DEFAULT_SECONDS }];
    }),
  );
}

/** The key of the token of one source of one volume. */
export function tokenKey(volume: string, source: number): string {
  return `${volume}.${source}`;
}

/**
 * The Secret on the host that holds a pod's tokens. Its name carries the pod's UID: the next pod of the name has another
 * one. No object of a tenant is ever called so, for none of their names lacks `-x-` and is this short.
 */
export function tokenSecretName({ metadata }: Pod, { name }: Tenant): string {
  return `token-${shortHash(`${name}/${metadata.namespace}/${metadata.name}/${metadata.uid}`, NAME_DIGITS)}`;
}
