import { useState, type FormEvent, type ReactNode } from 'react';
import { credentialIn } from './credential.ts';

interface SignInProps {
  readonly note: string | undefined;
  readonly enter: (token: string, namespace: string | undefined) => Promise<void>;
}

/** A kubeconfig is some kilobytes; what is much larger is something else. */
const MAX_FILE_BYTES = 256 * 1024;

export function SignIn({ note, enter }: SignInProps): ReactNode {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const signIn = async (given: string): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      const { token, namespace } = await credentialIn(given, async (yaml) =>
        (await import('yaml')).parse(yaml),
      );
      await enter(token, namespace);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void signIn(text);
  };
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    if (file.size > MAX_FILE_BYTES) setProblem(`${file.name} is too large to be a kubeconfig.`);
    else await signIn(await file.text());
  };
  return (
    <main className="sign-in">
      <h1>
        <img src="/icon.svg" alt="" width="28" height="28" /> Services
      </h1>
      <p>Sign in with what you were given for this cluster: a kubeconfig file, or the token in it.</p>
      <form onSubmit={submit}>
        <label htmlFor="file">Kubeconfig file</label>
        <input
          id="file"
          type="file"
          disabled={busy}
          onChange={(event) => void read(event.target.files?.[0])}
        />
        <p className="or">or</p>
        <label htmlFor="token">Token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={text}
          aria-describedby="token-help"
          onChange={(event) => setText(event.target.value)}
        />
        <p id="token-help" className="help">
          Kept in this tab only, and sent to nobody but this cluster. Reload or close the tab, and it is gone.
        </p>
        <p role="alert" className="problem">
          {problem ?? note ?? ''}
        </p>
        <button type="submit" disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
