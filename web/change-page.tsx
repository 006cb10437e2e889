import type { ReactNode } from 'react';
import type { Session } from './app.tsx';
import { EditForm } from './edit-form.tsx';
import type { InstancePlace } from './instance-page.tsx';
import { go, hashOf } from './place.ts';
import { Trouble } from './trouble.tsx';
import { useAsked } from './use-asked.ts';

interface ChangePageProps {
  readonly session: Session;
  readonly at: InstancePlace;
}

export function ChangePage({ session, at }: ChangePageProps): ReactNode {
  const { api } = session;
  const { service, namespace, name } = at;
  const ref = { ...service, namespace, name };
  const back = { page: 'instance', service, namespace, name } as const;
  const { answer, failure } = useAsked(`change ${hashOf(back)}`, async () => {
    const [text, instance] = await Promise.all([api.service(service, namespace), api.read(ref)]);
    return { text, instance };
  });
  return (
    <>
      <p className="crumbs">
        <a href={hashOf(back)}>{name}</a>
      </p>
      <h1>Change {name}</h1>
      <Trouble of={failure} />
      {answer !== undefined && (
        <EditForm
          schema={answer.text.schema}
          values={answer.instance.values}
          named={false}
          button="Save"
          cancel={hashOf(back)}
          save={async ({ values }) => {
            const { uid, generation } = answer.instance;
            await api.change(ref, { uid, generation, values });
            go(back);
          }}
        />
      )}
    </>
  );
}
