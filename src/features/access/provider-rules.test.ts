import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseManifests } from '../../kube/yaml.ts';
import { CONSUMER_RULES, kindRules, providerClusterRules, providerRules } from './provider-rules.ts';
import { grantsOf, type Rule } from './rules.ts';

const CRDS = ['plans.tenantry.dev'];
const shown = (rules: readonly Rule[]): string[] =>
  rules
    .flatMap(grantsOf)
    .map(({ on, verbs }) => ('path' in on ? on.path : `${on.group}/${on.resource} ${verbs.join(' ')}`));

describe('a provider', () => {
  const cluster = shown(providerClusterRules(CRDS));

  it('reads no Secrets, namespaces, nodes or pods of the whole cluster', () => {
    expect(cluster.filter((line) => /^\/|\/(secrets|\*)/.test(line))).toEqual([]);
  });

  it.each(['host', 'guest'] as const)(
    'is nobody else and grants nothing beyond the own rights (%s)',
    (place) => {
      const all = [...cluster, ...shown(providerRules('acme', place))];

      expect(all.filter((line) => / (impersonate|escalate|bind|\*)\b| \*$/.test(line))).toEqual([]);
      expect(all.filter((line) => line.startsWith('*/'))).toEqual([]);
    },
  );

  it('has wildcards in the own group of services only', () => {
    const wild = (place: 'host' | 'guest'): string[] =>
      shown(providerRules('acme', place)).filter((line) => line.includes('/* '));

    expect(wild('host')).toHaveLength(1);
    expect(wild('host')[0]).toMatch(/^platformapi\.kubeplus\/\* /);
    expect(wild('guest')).toHaveLength(1);
    expect(wild('guest')[0]).toMatch(/^acme\.platformapi\.kubeplus\/\* /);
  });

  it('makes no pods where the operator is somebody else’s', () => {
    const makes = (place: 'host' | 'guest'): boolean =>
      shown(providerRules('acme', place)).some((line) =>
        /^(apps\/deployments|batch\/jobs|\/pods) .*create/.test(line),
      );

    expect(makes('guest')).toBe(false);
    expect(makes('host')).toBe(true);
  });

  it('holds whatever the operator’s Role grants, so that the API server lets it install the chart', () => {
    const chart = readFileSync(
      join(import.meta.dirname, '../../../deploy/chart/templates/operator/account.yaml'),
      'utf8',
    );
    const plain = chart
      .replaceAll(/\{\{-? ?include "tenantry\.labels".*/g, '')
      .replaceAll(/^\{\{.*\}\}$/gm, '');
    const role = parseManifests(plain.replaceAll(/\{\{.*?\}\}/g, 'x')).find(({ kind }) => kind === 'Role');
    const grants = ((role as { rules?: readonly Rule[] } | undefined)?.rules ?? []).flatMap(grantsOf);
    const held = providerRules('acme', 'host').flatMap(grantsOf);
    const lacking = grants.filter(
      ({ on, verbs }) =>
        !('resource' in on) ||
        verbs.some(
          (verb) =>
            !held.some(
              (each) =>
                'resource' in each.on &&
                each.on.group === on.group &&
                [on.resource, '*'].includes(each.on.resource) &&
                each.verbs.includes(verb),
            ),
        ),
    );

    expect(grants.length).toBeGreaterThan(2);
    expect(lacking).toEqual([]);
  });

  it('may not let pods of services out of their containers', () => {
    expect(shown(providerRules('acme', 'host')).join()).not.toContain('unconfine');
  });
});

describe('a consumer', () => {
  it('has nothing but events before anything was granted', () => {
    expect(shown(CONSUMER_RULES)).toEqual(['/events get list watch', 'events.k8s.io/events get list watch']);
  });

  it('gets exactly the kind, and its status not', () => {
    expect(shown(kindRules('platformapi.kubeplus', 'wps'))).toEqual([
      'platformapi.kubeplus/wps get list watch create update patch delete',
    ]);
  });
});
