/** Forms of `kubectl metrics -o`. */
export const USAGE_FORMS = ['pretty', 'prometheus', 'json'] as const;
export type UsageForm = (typeof USAGE_FORMS)[number];
