import { useState, type ReactNode } from 'react';
import { Refused, type Instance, type Parts, type ServiceName } from './api.ts';
import type { Session } from './app.tsx';
import { LogView } from './log-view.tsx';
import { go, hashOf } from './place.ts';
import { stateOf } from './state-of.ts';
import { StateMark } from './state-mark.tsx';
import { Trouble } from './trouble.tsx';
import { UsageView } from './usage-view.tsx';
import { useAsked } from './use-asked.ts';
import { safeLink } from './safe-link.ts';

/** Milliseconds between two looks at an instance, and at what it is made of (some thirty small questions). */
const EVERY_MS = 2_000;
const PARTS_EVERY_MS = 6_000;

export interface InstancePlace {
  readonly service: ServiceName;
  readonly namespace: string;
  readonly name: string;
}

interface InstancePageProps {
  readonly session: Session;
  readonly at: InstancePlace;
}

export function InstancePage({ session, at }: InstancePageProps): ReactNode {
  const { api } = session;
  const { service, namespace, name } = at;
  const ref = { ...service, namespace, name };
  const key = `${service.plural}.${service.group}/${namespace}/${name}`;
  const { answer, failure } = useAsked(`read ${key}`, () => api.read(ref), EVERY_MS);
  const { answer: text } = useAsked(`service ${key}`, () => api.service(service, namespace));
  const isGone = failure?.problem.code === 'NotFound';
  const parts = useAsked(`parts ${key} ${answer?.runsIn ?? ''}`, () => api.parts(ref), PARTS_EVERY_MS);
  return (
    <>
      <p className="crumbs">
        <a href={hashOf({ page: 'list', service })}>{text?.kind ?? service.plural}</a>
      </p>
      <div className="heading">
        <h1>{name}</h1>
        {answer !== undefined && !isGone && (
          <span className="buttons">
            {text?.may.change && !answer.deleting && (
              <a className="button" href={hashOf({ page: 'change', service, namespace, name })}>
                Change
              </a>
            )}
            {text?.may.remove && !answer.deleting && <Remove session={session} at={at} />}
          </span>
        )}
      </div>
      <p className="now" aria-live="polite">
        {isGone ? `${name} is gone.` : answer === undefined ? '' : <Now of={answer} />}
      </p>
      {!isGone && <Trouble of={failure} />}
      {answer !== undefined && !isGone && (
        <>
          <Addresses parts={parts.answer} url={answer.url} />
          <Facts of={answer} />
          {answer.runsIn !== undefined && (
            <>
              <LogView
                pods={parts.answer?.pods}
                read={(pod, container, previous) => api.log(ref, pod, container, previous)}
              />
              <UsageView ask={() => api.usage(ref)} of={key} />
            </>
          )}
          <MadeOf parts={parts.answer} failure={parts.failure} />
        </>
      )}
    </>
  );
}

function Now({ of }: { readonly of: Instance }): ReactNode {
  const { tone } = stateOf(of);
  return (
    <>
      <StateMark of={of} /> {tone === 'good' ? '' : of.ready?.message}
      {of.error !== undefined && of.error !== '' && of.error !== of.ready?.message && (
        <span className="said"> {of.error}</span>
      )}
    </>
  );
}

function Addresses({
  parts,
  url,
}: {
  readonly parts: Parts | undefined;
  readonly url: string | undefined;
}): ReactNode {
  const urls = parts?.urls ?? (url === undefined ? [] : [url]);
  if (urls.length === 0) return null;
  return (
    <section>
      <h2>Where it answers</h2>
      <ul className="plain">
        {urls.map((one) => {
          const link = safeLink(one);
          return (
            <li key={one}>
              {link === undefined ? (
                one
              ) : (
                <a href={link} rel="noreferrer noopener" target="_blank">
                  {one}
                </a>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Facts({ of }: { readonly of: Instance }): ReactNode {
  return (
    <section>
      <h2>State</h2>
      <dl className="facts">
        <dt>Version</dt>
        <dd>{of.version ?? '–'}</dd>
        <dt>Created by</dt>
        <dd>{of.owner ?? '–'}</dd>
        <dt>Runs in namespace</dt>
        <dd>{of.runsIn ?? '–'}</dd>
      </dl>
      <details>
        <summary>Conditions</summary>
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">Condition</th>
              <th scope="col">Is</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {of.conditions.map(({ type, status, reason, message }) => (
              <tr key={type}>
                <th scope="row">{type}</th>
                <td data-label="Is">{status}</td>
                <td data-label="Why">
                  {reason}
                  {message === undefined || message === '' ? '' : `: ${message}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
      <details>
        <summary>Values</summary>
        <pre tabIndex={0}>{JSON.stringify(of.values, null, 2)}</pre>
      </details>
    </section>
  );
}

function MadeOf({
  parts,
  failure,
}: {
  readonly parts: Parts | undefined;
  readonly failure: Refused | undefined;
}): ReactNode {
  return (
    <section>
      <h2>What happened</h2>
      <Trouble of={failure} />
      {parts?.events.length === 0 && <p className="help">Nothing was told in the last hour.</p>}
      <ul className="events" tabIndex={0} aria-label="Events">
        {parts?.events.map((event) => (
          <li
            key={`${event.at} ${event.about} ${event.reason} ${event.message}`}
            className={event.type === 'Normal' ? '' : 'warning'}
          >
            <time dateTime={event.at}>
              {event.at === undefined ? '' : new Date(event.at).toLocaleTimeString()}
            </time>
            <span>
              <b>{event.reason}</b> <span className="help">{event.about}</span>
              {event.count > 1 ? ` ×${event.count}` : ''}
              <br />
              {event.message}
            </span>
          </li>
        ))}
      </ul>
      <details>
        <summary>What it is made of</summary>
        <ul className="objects">
          {parts?.objects.map(({ kind, name }) => (
            <li key={`${kind} ${name}`}>
              <span className="help">{kind}</span> {name}
            </li>
          ))}
        </ul>
        {parts !== undefined && parts.hidden.length > 0 && (
          <p className="help">Not shown, for you may not list them: {parts.hidden.join(', ')}</p>
        )}
      </details>
    </section>
  );
}

function Remove({ session, at }: InstancePageProps): ReactNode {
  const [asked, setAsked] = useState(false);
  const [failure, setFailure] = useState<Refused>();
  const { service, namespace, name } = at;
  const remove = async (): Promise<void> => {
    try {
      await session.api.remove({ ...service, namespace, name });
      setAsked(false);
      go({ page: 'instance', service, namespace, name });
    } catch (error) {
      setFailure(error instanceof Refused ? error : undefined);
    }
  };
  if (!asked)
    return (
      <button type="button" className="quiet danger" onClick={() => setAsked(true)}>
        Delete
      </button>
    );
  return (
    <span className="ask" role="group" aria-label={`Delete ${name}?`}>
      <span>Delete {name} and everything in it?</span>
      <button type="button" className="danger" autoFocus onClick={() => void remove()}>
        Yes, delete
      </button>
      <button type="button" className="quiet" onClick={() => setAsked(false)}>
        Keep
      </button>
      <Trouble of={failure} />
    </span>
  );
}
