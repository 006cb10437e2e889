import { useState, type ReactNode } from 'react';
import type { Shown } from './field-errors.ts';
import { nameOf, type Field } from './form-fields.ts';
import { valueAt, withValue, type Json } from './json.ts';
import { readTyped, showTyped } from './typed-value.ts';

interface ValuesFormProps {
  readonly fields: readonly Field[];
  readonly values: Json | undefined;
  readonly shown: Shown | undefined;
  readonly change: (values: Json | undefined) => void;
  /** A field whose text is no value of its type, by its name; undefined when it is one again. */
  readonly mistake: (name: string, message: string | undefined) => void;
}

/** One form for any service: its fields are what the service's schema says. */
export function ValuesForm(props: ValuesFormProps): ReactNode {
  return props.fields.map((field) => <FieldOf {...props} key={nameOf(field.path)} field={field} />);
}

interface FieldProps extends ValuesFormProps {
  readonly field: Field;
}

function FieldOf(props: FieldProps): ReactNode {
  const { field, shown, values } = props;
  const name = nameOf(field.path);
  const errors = shown?.byField.get(name) ?? [];
  if (field.control.type === 'group')
    return (
      <details
        className="group"
        open={
          field.required ||
          errors.length > 0 ||
          hasErrorInside(shown, name) ||
          valueAt(values, field.path) !== undefined
        }
      >
        <summary>{field.label}</summary>
        {field.help !== undefined && <p className="help">{field.help}</p>}
        <Errors id={`${name}-error`} errors={errors} />
        <ValuesForm {...props} fields={field.control.fields} />
      </details>
    );
  const id = `field-${name}`;
  return (
    <div className={errors.length > 0 ? 'field wrong' : 'field'}>
      <label htmlFor={id}>
        {field.label}
        {field.required && <span className="needed"> (required)</span>}
      </label>
      <Control {...props} id={id} invalid={errors.length > 0} />
      {field.help !== undefined && (
        <p className="help" id={`${id}-help`}>
          {field.help}
        </p>
      )}
      <Errors id={`${id}-error`} errors={errors} />
    </div>
  );
}

const hasErrorInside = (shown: Shown | undefined, name: string): boolean =>
  [...(shown?.byField.keys() ?? [])].some((key) => key.startsWith(`${name}.`));

/** Words at a field; they come with the answer, so they are read out. */
export function Errors({
  id,
  errors,
}: {
  readonly id: string;
  readonly errors: readonly string[];
}): ReactNode {
  return (
    <div id={id} className="field-error" role={errors.length > 0 ? 'alert' : undefined}>
      {errors.map((error) => (
        <p key={error}>{error}</p>
      ))}
    </div>
  );
}

interface ControlProps extends FieldProps {
  readonly id: string;
  readonly invalid: boolean;
}

function Control(props: ControlProps): ReactNode {
  const { field, id, invalid, values, change } = props;
  const value = valueAt(values, field.path);
  const set = (next: Json | undefined): void => change(withValue(values, field.path, next));
  const about = { id, 'aria-invalid': invalid, 'aria-describedby': `${id}-help ${id}-error` };
  const unset = field.fallback === undefined ? 'not set' : `as the service has it: ${brief(field.fallback)}`;
  switch (field.control.type) {
    case 'switch':
    case 'choice': {
      const choices: readonly Json[] =
        field.control.type === 'switch' ? [true, false] : field.control.choices;
      const at = choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value));
      return (
        <select
          {...about}
          value={at < 0 ? '' : String(at)}
          onChange={(event) =>
            set(event.target.value === '' ? undefined : choices[Number(event.target.value)])
          }
        >
          <option value="">{unset}</option>
          {choices.map((choice, index) => (
            <option key={JSON.stringify(choice)} value={index}>
              {field.control.type === 'switch' ? (choice === true ? 'yes' : 'no') : brief(choice)}
            </option>
          ))}
        </select>
      );
    }
    default:
      return <Typed {...props} about={about} value={value} set={set} />;
  }
}

interface TypedProps extends ControlProps {
  readonly about: {
    readonly id: string;
    readonly 'aria-invalid': boolean;
    readonly 'aria-describedby': string;
  };
  readonly value: Json | undefined;
  readonly set: (value: Json | undefined) => void;
}

/** A text that stands for a value; kept as it was typed, also while it is none yet. */
function Typed({ field, value, set, mistake, about }: TypedProps): ReactNode {
  const { control, path } = field;
  const [text, setText] = useState(showTyped(control, value));
  const type = (next: string): void => {
    setText(next);
    const read = readTyped(control, next);
    mistake(nameOf(path), 'mistake' in read ? read.mistake : undefined);
    if ('value' in read) set(read.value);
  };
  const shared = {
    ...about,
    value: text,
    placeholder: field.fallback === undefined ? '' : showTyped(control, field.fallback),
    spellCheck: false,
  };
  if (control.type === 'lines' || control.type === 'json' || control.type === 'long')
    return (
      <textarea
        {...shared}
        className={control.type === 'json' ? 'code' : ''}
        rows={Math.min(12, Math.max(3, text.split('\n').length))}
        onChange={(event) => type(event.target.value)}
      />
    );
  return (
    <input
      {...shared}
      type={control.type === 'secret' ? 'password' : 'text'}
      inputMode={control.type === 'number' ? 'decimal' : undefined}
      autoComplete={control.type === 'secret' ? 'new-password' : 'off'}
      onChange={(event) => type(event.target.value)}
    />
  );
}

/** A value in few letters. */
function brief(value: Json): string {
  if (value === true) return 'yes';
  if (value === false) return 'no';
  return typeof value === 'string' ? value || 'empty' : JSON.stringify(value);
}
