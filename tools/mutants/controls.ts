import type { Control } from './control.ts';
import { ARCHIVES } from './controls/archives.ts';
import { CHART_OBJECTS } from './controls/chart-objects.ts';
import { CHART_SOURCES } from './controls/chart-sources.ts';
import { CONSOLE } from './controls/console.ts';
import { COUNTS } from './controls/counts.ts';
import { OWNERSHIP } from './controls/ownership.ts';
import { PLANES } from './controls/planes.ts';
import { REGISTRATION } from './controls/registration.ts';
import { SECRETS } from './controls/secrets.ts';

/** Every control that is code, in the order of docs/security.md. Those that are policies of the chart are in `policies.ts`. */
export const CONTROLS: readonly Control[] = [
  ...OWNERSHIP,
  ...ARCHIVES,
  ...CHART_SOURCES,
  ...CHART_OBJECTS,
  ...REGISTRATION,
  ...SECRETS,
  ...COUNTS,
  ...PLANES,
  ...CONSOLE,
];
