import type { InstanceStatus } from '../../api/instance.ts';
import { hiding } from '../../runtime/hide-values.ts';
import type { Plan } from '../../runtime/plan.ts';
import type { KeptRelease } from './kept-release.ts';

/** Texts in the Secrets that a chart rendered: passwords that it made up stand nowhere else. */
export function generatedSecrets(release: KeptRelease | undefined): readonly string[] {
  const objects = [...(release?.objects ?? []), ...(release?.hooks ?? [])];
  return objects.flatMap(({ object }) => {
    const data = object.kind === 'Secret' ? object['data'] : undefined;
    if (typeof data !== 'object' || data === null) return [];
    return Object.values(data).flatMap((text: unknown) =>
      typeof text === 'string' ? [Buffer.from(text, 'base64').toString('utf8')] : [],
    );
  });
}

/** The plan without secrets in what it says: status and events are for other eyes than Secrets are. Pure. */
export function withoutSecrets(plan: Plan<InstanceStatus>, secrets: readonly string[]): Plan<InstanceStatus> {
  if (secrets.length === 0) return plan;
  const hide = hiding(secrets);
  const { status, events } = plan;
  return {
    ...plan,
    ...(status === undefined ? {} : { status: quietStatus(status, hide) }),
    ...(events === undefined
      ? {}
      : { events: events.map((event) => ({ ...event, message: hide(event.message) })) }),
  };
}

function quietStatus(status: InstanceStatus, hide: (text: string) => string): InstanceStatus {
  const { conditions, error, helmrelease } = status;
  return {
    ...status,
    ...(conditions === undefined
      ? {}
      : { conditions: conditions.map((one) => ({ ...one, message: hide(one.message) })) }),
    ...(error === undefined ? {} : { error: hide(error) }),
    ...(helmrelease === undefined ? {} : { helmrelease: hide(helmrelease) }),
  };
}
