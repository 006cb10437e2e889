import type { AskedPlaneResources } from '../api/plane-resources.ts';
import { formatQuantity, parseQuantity } from '../lib/quantity.ts';

type Asked = AskedPlaneResources['apiServer'];
type Amounts = Readonly<Record<string, string>>;

/** Resources of a container. */
interface Resources {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
}

/**
 * What a program's container asks for: what its owner says, and ours where he says neither request nor limit. Quantities are written as the
 * API server keeps them (1000m is 1), or they would be found changed at each look. Pure.
 */
export function resourcesOf(asked: Asked, ours: Amounts): Resources {
  const requests = amountsOf(asked?.requests);
  const limits = amountsOf(asked?.limits);
  const rest = Object.entries(ours).filter(
    ([name]) => requests[name] === undefined && limits[name] === undefined,
  );
  const all = { ...Object.fromEntries(rest), ...requests };
  return {
    ...(Object.keys(all).length === 0 ? {} : { requests: all }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
}

function amountsOf(asked: Readonly<Record<string, string | undefined>> | undefined): Amounts {
  return Object.fromEntries(
    Object.entries(asked ?? {}).flatMap(([name, text]) => {
      const quantity = text === undefined ? undefined : parseQuantity(text);
      return quantity === undefined ? [] : [[name, formatQuantity(quantity)]];
    }),
  );
}
