import { useState, type ReactNode } from 'react';
import { createApi, type Api } from './api.ts';
import { ChangePage } from './change-page.tsx';
import { InstancePage } from './instance-page.tsx';
import { ListPage } from './list-page.tsx';
import { NewPage } from './new-page.tsx';
import { hashOf, usePlace } from './place.ts';
import { ServicesPage } from './services-page.tsx';
import { SignIn } from './sign-in.tsx';

/** Somebody who signed in: known to this page only, and forgotten with it. */
export interface Session {
  readonly api: Api;
  readonly user: string;
  /** Where their instances are. */
  readonly namespace: string;
}

export function App(): ReactNode {
  const [session, setSession] = useState<Session>();
  const [note, setNote] = useState<string>();
  const signOut = (why?: string): void => {
    setSession(undefined);
    setNote(why);
  };
  if (session === undefined)
    return (
      <SignIn
        note={note}
        enter={async (token, namespace) => {
          const api = createApi(token, () =>
            signOut('The token is not, or no longer, valid. Sign in again.'),
          );
          const { user, namespace: own } = await api.session();
          setNote(undefined);
          setSession({ api, user, namespace: namespace ?? own ?? 'default' });
        }}
      />
    );
  return (
    <>
      <header className="top">
        <a className="brand" href={hashOf({ page: 'home' })}>
          <img src="/icon.svg" alt="" width="20" height="20" />
          Services
        </a>
        <p className="who">
          <NamespaceChoice session={session} choose={(namespace) => setSession({ ...session, namespace })} />
          <span className="user" title={session.user}>
            {shortUser(session.user)}
          </span>
          <button type="button" className="quiet" onClick={() => signOut()}>
            Sign out
          </button>
        </p>
      </header>
      <main>
        <Page session={session} />
      </main>
    </>
  );
}

function Page({ session }: { readonly session: Session }): ReactNode {
  const place = usePlace();
  switch (place.page) {
    case 'home':
      return <ServicesPage session={session} />;
    case 'list':
      return <ListPage session={session} service={place.service} />;
    case 'new':
      return <NewPage session={session} service={place.service} />;
    case 'instance':
      return <InstancePage key={hashOf(place)} session={session} at={place} />;
    case 'change':
      return <ChangePage key={hashOf(place)} session={session} at={place} />;
  }
}

interface NamespaceChoiceProps {
  readonly session: Session;
  readonly choose: (namespace: string) => void;
}

function NamespaceChoice({ session, choose }: NamespaceChoiceProps): ReactNode {
  const [text, setText] = useState(session.namespace);
  const take = (): void => {
    if (text.trim() !== '') choose(text.trim());
  };
  return (
    <form
      className="namespace"
      onSubmit={(event) => {
        event.preventDefault();
        take();
      }}
    >
      <label htmlFor="namespace">Namespace</label>
      <input
        id="namespace"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={take}
        spellCheck={false}
        autoCapitalize="none"
      />
    </form>
  );
}

/** `system:serviceaccount:shop:bob` → `shop:bob`. */
const shortUser = (user: string): string => user.replace(/^system:serviceaccount:/, '');
