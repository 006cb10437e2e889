import type { ReactNode } from 'react';
import type { ServiceName } from './api.ts';
import type { Session } from './app.tsx';
import { EditForm } from './edit-form.tsx';
import { go, hashOf } from './place.ts';
import { Trouble } from './trouble.tsx';
import { useAsked } from './use-asked.ts';

interface NewPageProps {
  readonly session: Session;
  readonly service: ServiceName;
}

export function NewPage({ session, service }: NewPageProps): ReactNode {
  const { api, namespace } = session;
  const key = `service ${service.plural}.${service.group} ${namespace}`;
  const { answer, failure } = useAsked(key, () => api.service(service, namespace));
  return (
    <>
      <p className="crumbs">
        <a href={hashOf({ page: 'list', service })}>{answer?.kind ?? service.plural}</a>
      </p>
      <h1>New instance</h1>
      <Trouble of={failure} />
      {answer !== undefined && (
        <EditForm
          schema={answer.schema}
          values={{}}
          named
          button="Create"
          cancel={hashOf({ page: 'list', service })}
          save={async (given) => {
            const { name } = await api.create(service, namespace, given);
            go({ page: 'instance', service, namespace, name });
          }}
        />
      )}
    </>
  );
}
