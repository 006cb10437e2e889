import { describe, expect, it } from 'vitest';
import { around, service, tenantWith } from '../../../test/builders/virtual.ts';
import type { Service } from '../../kube/builtin-kinds.ts';
import type { Deed } from '../deed.ts';
import { MARKER_LABEL, NAMESPACE_LABEL, UID_ANNOTATION } from '../marks.ts';
import { SERVICE_ROW } from './services.ts';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const decide = (tenant?: Service, host?: Service, now = NOW): readonly Deed[] =>
  SERVICE_ROW.decide({ tenant, host }, around(), now);
const WEB: Service = {
  status: { loadBalancer: {} },
  ...service('web', {
    type: 'NodePort',
    clusterIP: '10.96.3.4',
    clusterIPs: ['10.96.3.4'],
    selector: { app: 'web', [MARKER_LABEL]: 'vc2' },
    ports: [{ port: 80, targetPort: 'http', nodePort: 30_080 }],
  }),
};

function made(tenant: Service = WEB): Service {
  const [deed] = decide(tenant);
  if (deed?.do !== 'own') throw new Error(JSON.stringify(deed));
  const object = deed.object as Service; // true: it is the row of Services
  return { ...object, metadata: { ...object.metadata, uid: 'host-1' } };
}

describe('the row of Services', () => {
  it('keeps address and ports, and selects pods of the tenant’s namespace only', () => {
    const { spec, metadata } = made();

    expect(metadata.name).toBe('web-x-shop-x-vc1');
    expect(spec).toMatchObject({ type: 'NodePort', clusterIP: '10.96.3.4', ports: WEB.spec?.ports });
    expect(spec?.selector).toMatchObject({ app: 'web', [MARKER_LABEL]: 'vc1', [NAMESPACE_LABEL]: 'shop' });
  });

  it('has no selector where the tenant’s has none: a mark alone would select everything', () => {
    expect(made(service('db', { clusterIP: 'None' })).spec).not.toHaveProperty('selector');
  });

  it('takes over the one that was made before the tenant’s, and one of an earlier life', () => {
    for (const uid of [undefined, 'service-0']) {
      const host = made();
      const annotations = { ...host.metadata.annotations };
      delete annotations[UID_ANNOTATION];
      delete annotations['tenantry.dev/written'];
      const before = {
        ...host,
        metadata: {
          ...host.metadata,
          annotations: uid === undefined ? annotations : { ...annotations, [UID_ANNOTATION]: uid },
        },
      };

      expect(decide(WEB, before)).toMatchObject([{ do: 'own', uid: 'host-1' }]);
    }
  });

  it('gives one that was made for a Service that never came a minute', () => {
    const host = made();
    const annotations = { ...host.metadata.annotations };
    delete annotations[UID_ANNOTATION];
    const early = {
      ...host,
      metadata: { ...host.metadata, annotations, creationTimestamp: '2026-01-01T00:00:30Z' },
    };

    expect(decide(undefined, early)).toEqual([{ do: 'look-again', afterMs: 30_000 }]);
    // It may be on its way from being a name of another host.
    const named = { ...WEB, spec: { type: 'ExternalName', externalName: 'a.b' } };
    expect(decide(named, early)).toEqual([{ do: 'look-again', afterMs: 30_000 }]);
    expect(decide(undefined, early, NOW + 31_000)).toMatchObject([
      { do: 'delete', on: 'host', uid: 'host-1' },
    ]);
    expect(decide(undefined, host)).toMatchObject([{ do: 'delete', on: 'host', uid: 'host-1' }]);
  });

  it('keeps names of other hosts, and the API server’s own Service, off the host', () => {
    const kubernetes = service('kubernetes', { clusterIP: '10.96.0.1' }, { namespace: 'default' });

    expect(decide(service('x', { type: 'ExternalName', externalName: 'a.b' }))).toEqual([]);
    expect(decide(kubernetes)).toEqual([]);
  });

  it('takes the host’s away when a Service becomes a name of another host', () => {
    const named = { ...WEB, spec: { type: 'ExternalName', externalName: 'a.b' } };

    expect(decide(named, made())).toMatchObject([{ do: 'delete', on: 'host' }]);
  });

  it('brings addresses of a load balancer back, and takes them away with it', () => {
    const loadBalancer = { ingress: [{ ip: '1.2.3.4' }] };

    expect(decide(WEB, { ...made(), status: { loadBalancer } })).toMatchObject([
      { do: 'patch', on: 'tenant', subresource: 'status', body: { status: { loadBalancer } } },
    ]);
    expect(
      decide({ ...WEB, status: { loadBalancer } }, { ...made(), status: { loadBalancer: {} } }),
    ).toMatchObject([{ body: { status: { loadBalancer: { ingress: null } } } }]);
  });

  it('writes nothing for a status that says nothing', () => {
    const { status: _status, ...plain } = WEB;

    expect(decide(plain, made())).toEqual([]);
  });

  it('says so when the addresses differ', () => {
    const host = made();

    expect(decide(WEB, { ...host, spec: { ...host.spec, clusterIP: '10.96.9.9' } })).toMatchObject([
      { do: 'tell', reason: 'AddressDiffers' },
    ]);
  });

  it('refuses addresses of the host, unless the plan gives them', () => {
    const taken = service('x', { externalIPs: ['10.0.0.1'] });

    expect(decide(taken)).toMatchObject([{ do: 'tell', reason: 'Refused' }]);
    const tenant = tenantWith({ externalIps: true });
    expect(SERVICE_ROW.decide({ tenant: taken }, around({ tenant }), NOW)).toMatchObject([{ do: 'own' }]);
  });
});
