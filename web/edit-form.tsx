import { useMemo, useState, type FormEvent, type ReactNode } from 'react';
import { Refused } from './api.ts';
import { placeProblem, type Shown } from './field-errors.ts';
import { fieldsOf, namesOf } from './form-fields.ts';
import { isMap, type Json, type JsonMap } from './json.ts';
import { Errors, ValuesForm } from './values-form.tsx';

interface EditFormProps {
  readonly schema: JsonMap;
  readonly values: JsonMap;
  /** A new one is named here. */
  readonly named: boolean;
  readonly button: string;
  readonly cancel: string;
  readonly save: (given: { readonly name: string; readonly values: JsonMap }) => Promise<void>;
}

/** The fields of a service, and what the API server says when it refuses them. Everything that was typed stays. */
export function EditForm({ schema, values: before, named, button, cancel, save }: EditFormProps): ReactNode {
  const fields = useMemo(() => fieldsOf(schema), [schema]);
  const [name, setName] = useState('');
  const [values, setValues] = useState<Json | undefined>(before);
  const [shown, setShown] = useState<Shown>();
  const [mistakes, setMistakes] = useState<ReadonlyMap<string, string>>(new Map());
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (mistakes.size > 0) return setShown(mistaken(mistakes));
    setBusy(true);
    setShown(undefined);
    try {
      await save({ name, values: isMap(values) ? values : {} });
    } catch (error) {
      const problem =
        error instanceof Refused ? error.problem : { message: String(error), code: 'Failed', causes: [] };
      setShown(placeProblem(problem, ['metadata.name', ...namesOf(fields)]));
      setBusy(false);
    }
  };
  const nameErrors = shown?.byField.get('metadata.name') ?? [];
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="edit">
      {named && (
        <div className={nameErrors.length > 0 ? 'field wrong' : 'field'}>
          <label htmlFor="name">
            Name <span className="needed">(required)</span>
          </label>
          <input
            id="name"
            value={name}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            aria-describedby="name-help name-error"
            aria-invalid={nameErrors.length > 0}
            onChange={(event) => setName(event.target.value)}
          />
          <p id="name-help" className="help">
            Small letters, digits and hyphens; it can’t be changed later.
          </p>
          <Errors id="name-error" errors={nameErrors} />
        </div>
      )}
      <ValuesForm
        fields={fields}
        values={values}
        shown={shown}
        change={setValues}
        mistake={(field, message) => setMistakes((all) => withMistake(all, field, message))}
      />
      <div role="alert" className="problem whole">
        {shown?.message}
      </div>
      <p className="buttons">
        <button type="submit" disabled={busy}>
          {busy ? 'Asking the cluster…' : button}
        </button>
        <a href={cancel}>Cancel</a>
      </p>
    </form>
  );
}

function withMistake(
  all: ReadonlyMap<string, string>,
  field: string,
  message: string | undefined,
): ReadonlyMap<string, string> {
  const next = new Map(all);
  if (message === undefined) next.delete(field);
  else next.set(field, message);
  return next;
}

function mistaken(mistakes: ReadonlyMap<string, string>): Shown {
  return {
    message: 'Some fields hold what can’t be a value.',
    byField: new Map([...mistakes].map(([field, message]) => [field, [message]])),
  };
}
