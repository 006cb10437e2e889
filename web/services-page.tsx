import type { ReactNode } from 'react';
import type { Session } from './app.tsx';
import { hashOf } from './place.ts';
import { Trouble } from './trouble.tsx';
import { useAsked } from './use-asked.ts';

/** Milliseconds after which it is looked again whether a service was registered. */
const EVERY_MS = 15_000;

export function ServicesPage({ session }: { readonly session: Session }): ReactNode {
  const { api, namespace } = session;
  const { answer, failure } = useAsked(`services ${namespace}`, () => api.services(namespace), EVERY_MS);
  return (
    <>
      <h1>What you can use</h1>
      <Trouble of={failure} />
      {answer === undefined && failure === undefined && <p className="help">Looking…</p>}
      {answer?.length === 0 && (
        <p>
          No service is open to you in namespace <b>{namespace}</b>. If yours is another one, name it above;
          else ask your provider for the right to one.
        </p>
      )}
      <ul className="cards">
        {answer?.map((service) => (
          <li key={`${service.plural}.${service.group}`}>
            <a className="card" href={hashOf({ page: 'list', service })}>
              <b>{service.kind}</b>
              <span className="help">{service.group}</span>
            </a>
            {service.may.create && (
              <a className="add" href={hashOf({ page: 'new', service })}>
                New<span className="unseen"> {service.kind}</span>
              </a>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
