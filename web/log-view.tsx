import { useState, type ReactNode } from 'react';
import { Refused, type Pod } from './api.ts';

interface LogViewProps {
  readonly pods: readonly Pod[] | undefined;
  readonly read: (pod: string, container: string, previous: boolean) => Promise<string>;
}

interface Read {
  readonly of: string;
  readonly text: string;
}

/** The pods, and of each container the end of its log. */
export function LogView({ pods, read }: LogViewProps): ReactNode {
  const [log, setLog] = useState<Read>();
  const show = async (pod: string, container: string, previous: boolean): Promise<void> => {
    const of = `${pod}, ${container}${previous ? ', before it restarted' : ''}`;
    setLog({ of, text: 'Reading…' });
    try {
      setLog({ of, text: (await read(pod, container, previous)) || 'It has said nothing yet.' });
    } catch (error) {
      setLog({ of, text: error instanceof Refused ? error.message : String(error) });
    }
  };
  return (
    <section>
      <h2>What runs</h2>
      {pods?.length === 0 && <p className="help">No pods run.</p>}
      <ul className="pods">
        {pods?.map((pod) => (
          <li key={pod.name}>
            <span
              className={`state ${pod.ready || pod.phase === 'Succeeded' ? 'good' : pod.trouble === undefined ? 'busy' : 'bad'}`}
            >
              {pod.phase}
            </span>{' '}
            <b>{pod.name}</b>
            {pod.restarts > 0 && <span className="help"> restarted {pod.restarts} times</span>}
            {pod.trouble !== undefined && <p className="said">{pod.trouble}</p>}
            <span className="buttons">
              {pod.containers.map((container) => (
                <button
                  key={container}
                  type="button"
                  className="quiet"
                  onClick={() => void show(pod.name, container, false)}
                >
                  Log of {container}
                </button>
              ))}
              {pod.restarts > 0 &&
                pod.containers.map((container) => (
                  <button
                    key={container}
                    type="button"
                    className="quiet"
                    onClick={() => void show(pod.name, container, true)}
                  >
                    … before the restart
                  </button>
                ))}
            </span>
          </li>
        ))}
      </ul>
      {log !== undefined && (
        <figure>
          <figcaption aria-live="polite">Log of {log.of}</figcaption>
          <pre className="log" tabIndex={0}>
            {log.text}
          </pre>
        </figure>
      )}
    </section>
  );
}
