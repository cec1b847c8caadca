import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";
import { classes } from "./classes.ts";
import { Icon } from "./icon.tsx";

export interface FieldProps {
  readonly label: ReactNode;
  readonly help?: ReactNode;
  readonly error?: string | undefined;
  /** Gets the ids that tie the control to its words. */
  readonly children: (ids: {
    readonly id: string;
    readonly "aria-describedby": string | undefined;
    readonly "aria-invalid": true | undefined;
  }) => ReactNode;
}

/** A control with its name, what helps, and what is wrong. */
function Field({ label, help, error, children }: FieldProps) {
  const id = useId();
  const hasNote = help !== undefined || error !== undefined;
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      {children({
        id,
        "aria-describedby": hasNote ? `${id}-note` : undefined,
        "aria-invalid": error === undefined ? undefined : true,
      })}
      {hasNote && (
        <div id={`${id}-note`} className={error === undefined ? "field-help" : "field-error"}>
          {error ?? help}
        </div>
      )}
    </div>
  );
}

interface Labelled {
  readonly label: ReactNode;
  readonly help?: ReactNode;
  readonly error?: string | undefined;
}

export type TextInputProps = Labelled &
  Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> & {
    readonly onText: (text: string) => void;
    readonly isCode?: boolean;
  };

export function TextInput({
  label,
  help,
  error,
  onText,
  isCode = false,
  className,
  ...rest
}: TextInputProps) {
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <input
          type="text"
          {...rest}
          {...ids}
          className={classes("input", isCode && "input-code", className)}
          onChange={(event) => onText(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export type TextAreaProps = Labelled &
  Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, "onChange"> & {
    readonly onText: (text: string) => void;
    readonly isCode?: boolean;
  };

export function TextArea({ label, help, error, onText, isCode = false, className, ...rest }: TextAreaProps) {
  return (
    <Field label={label} help={help} error={error}>
      {(ids) => (
        <textarea
          {...rest}
          {...ids}
          className={classes("input", isCode && "input-code", className)}
          onChange={(event) => onText(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export type SelectProps = Labelled &
  Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange"> & {
    readonly options: readonly Option[];
    readonly onValue: (value: string) => void;
    /** The label is said, not shown. */
    readonly isBare?: boolean;
  };

export function Select({
  label,
  help,
  error,
  options,
  onValue,
  isBare = false,
  className,
  ...rest
}: SelectProps) {
  const control = (ids: object) => (
    <select
      {...rest}
      {...ids}
      className={classes("input", "select", className)}
      onChange={(event) => onValue(event.currentTarget.value)}
    >
      {options.map(({ value, label: name }) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </select>
  );
  if (isBare) return control({ "aria-label": typeof label === "string" ? label : undefined });
  return (
    <Field label={label} help={help} error={error}>
      {control}
    </Field>
  );
}

export interface SwitchProps {
  readonly label: ReactNode;
  readonly isOn: boolean;
  readonly onSwitch: (isOn: boolean) => void;
  readonly disabled?: boolean;
}

export function Switch({ label, isOn, onSwitch, disabled = false }: SwitchProps) {
  return (
    <label className="switch">
      <input
        type="checkbox"
        role="switch"
        checked={isOn}
        aria-checked={isOn}
        disabled={disabled}
        onChange={(event) => onSwitch(event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}

export interface SearchInputProps {
  readonly label: string;
  readonly value: string;
  readonly onText: (text: string) => void;
}

/** What a list is narrowed by. */
export function SearchInput({ label, value, onText }: SearchInputProps) {
  return (
    <div className="search">
      <Icon name="search" />
      <input
        type="search"
        className="input"
        placeholder={label}
        aria-label={label}
        value={value}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onText(event.currentTarget.value)}
      />
    </div>
  );
}
