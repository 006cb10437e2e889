import { useState, type ReactNode } from 'react';
import type { Row, ServiceName } from './api.ts';
import type { Session } from './app.tsx';
import { hashOf } from './place.ts';
import { StateMark } from './state-mark.tsx';
import { Trouble } from './trouble.tsx';
import { useAsked } from './use-asked.ts';

/** Milliseconds between two looks at the list. */
const EVERY_MS = 4_000;

interface ListPageProps {
  readonly session: Session;
  readonly service: ServiceName;
}

export function ListPage({ session, service }: ListPageProps): ReactNode {
  const { api, namespace } = session;
  const id = `${service.plural}.${service.group}`;
  const { answer: text, failure } = useAsked(`service ${id} ${namespace}`, () =>
    api.service(service, namespace),
  );
  const [wanted, setEverywhere] = useState<boolean>();
  // Whoever offers the service wants to see all of it; whoever uses it has one namespace.
  const everywhere = wanted ?? text?.may.everywhere ?? false;
  return (
    <>
      <p className="crumbs">
        <a href={hashOf({ page: 'home' })}>All services</a>
      </p>
      <div className="heading">
        <h1>{text?.kind ?? service.plural}</h1>
        {text?.may.create && (
          <a className="button" href={hashOf({ page: 'new', service })}>
            New instance
          </a>
        )}
      </div>
      <Trouble of={failure} />
      {text?.may.everywhere && (
        <label className="tick">
          <input
            type="checkbox"
            checked={everywhere}
            onChange={(event) => setEverywhere(event.target.checked)}
          />{' '}
          all namespaces
        </label>
      )}
      {text !== undefined && (
        <Rows key={String(everywhere)} session={session} service={service} everywhere={everywhere} />
      )}
      {text?.sample !== undefined && (
        <details>
          <summary>The same as a file for kubectl</summary>
          <pre tabIndex={0}>{text.sample}</pre>
        </details>
      )}
    </>
  );
}

interface RowsProps extends ListPageProps {
  readonly everywhere: boolean;
}

function Rows({ session, service, everywhere }: RowsProps): ReactNode {
  const { api, namespace } = session;
  const where = everywhere ? undefined : namespace;
  const key = `list ${service.plural}.${service.group} ${where ?? '*'}`;
  const { answer, failure } = useAsked(key, () => api.list(service, where), EVERY_MS);
  if (answer === undefined)
    return failure === undefined ? <p className="help">Looking…</p> : <Trouble of={failure} />;
  return (
    <>
      <Trouble of={failure} />
      {answer.length === 0 ? (
        <p>
          There are no instances{' '}
          {everywhere ? (
            ''
          ) : (
            <>
              in namespace <b>{namespace}</b>{' '}
            </>
          )}
          yet.
        </p>
      ) : (
        <Table rows={answer} service={service} />
      )}
    </>
  );
}

function Table({
  rows,
  service,
}: {
  readonly rows: readonly Row[];
  readonly service: ServiceName;
}): ReactNode {
  return (
    <table className="rows">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">State</th>
          <th scope="col">Version</th>
          <th scope="col">Owner</th>
          <th scope="col">Created</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.namespace}/${row.name}`}>
            <th scope="row">
              <a href={hashOf({ page: 'instance', service, namespace: row.namespace, name: row.name })}>
                {row.name}
              </a>
              <span className="help"> {row.namespace}</span>
            </th>
            <td data-label="State">
              <StateMark of={row} />
            </td>
            <td data-label="Version">{row.version ?? '–'}</td>
            <td data-label="Owner">{row.owner?.replace(/^system:serviceaccount:/, '') ?? '–'}</td>
            <td data-label="Created">
              {row.created === undefined ? '–' : new Date(row.created).toLocaleString()}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
