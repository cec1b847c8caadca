import type { ApiKey, KeyScope, NewApiKey } from "@muster/sdk";
import { type FormEvent, useId, useState } from "react";
import { callJson } from "../../data/api.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Select, TextInput } from "../../parts/field.tsx";
import { toast } from "../../parts/toast.ts";
import {
  changeOf,
  emptyKeyForm,
  formOf,
  type KeyForm,
  keepExpiry,
  limits,
  problemsOf,
  requestOf,
  scopes,
} from "./key-form.ts";

interface KeyDialogProps {
  /** The key that is changed; without one a key is made. */
  readonly of?: ApiKey;
  readonly onClose: () => void;
  readonly onMade: (made: NewApiKey) => void;
  readonly onChanged: () => void;
}

const ends = [
  { value: "", label: "Never" },
  { value: "7", label: "In a week" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];

/** Makes a key, or changes what one may take. */
export function KeyDialog({ of: key, onClose, onMade, onChanged }: KeyDialogProps) {
  const [form, setForm] = useState<KeyForm>(() => (key === undefined ? emptyKeyForm : formOf(key)));
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const formId = useId();
  const problems = problemsOf(form);
  const shown = isTried ? problems : {};
  const change = (part: Partial<KeyForm>) => setForm({ ...form, ...part });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    setBusy(true);
    setError(undefined);
    try {
      await send();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  const send = async () => {
    const nowSeconds = Date.now() / 1_000;
    if (key === undefined) {
      const body = requestOf(form, nowSeconds);
      return onMade(await callJson<NewApiKey>("/cluster/v1/keys", { method: "POST", body }));
    }
    const path = `/cluster/v1/keys/${encodeURIComponent(key.id)}`;
    await callJson<ApiKey>(path, { method: "PATCH", body: changeOf(form, nowSeconds) });
    toast(`${key.name} is changed.`);
    onChanged();
    onClose();
  };

  return (
    <Dialog
      title={key === undefined ? "New key" : `Change ${key.name}`}
      kind="drawer"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form={formId} isBusy={isBusy}>
            {key === undefined ? "Make the key" : "Change it"}
          </Button>
        </>
      }
    >
      <form id={formId} className="stack" noValidate onSubmit={(event) => void submit(event)}>
        {error !== undefined && <ErrorNote error={error} />}
        {key === undefined && (
          <>
            <TextInput
              label="Name"
              help="What people call it: a person, or a program"
              error={shown["name"]}
              placeholder="ci"
              autoComplete="off"
              spellCheck={false}
              value={form.name}
              onText={(name) => change({ name })}
            />
            <Scopes
              chosen={form.scopes}
              error={shown["scopes"]}
              onChange={(chosen) => change({ scopes: chosen })}
            />
            <TextInput
              label="Tenant"
              help="Whose files and batches it sees; where empty, its own"
              error={shown["tenant"]}
              placeholder={form.name}
              autoComplete="off"
              spellCheck={false}
              value={form.tenant}
              onText={(tenant) => change({ tenant })}
            />
          </>
        )}
        <TextInput
          label="Models"
          help="Names, with * for any text and commas between; where empty, all"
          error={shown["models"]}
          placeholder="gemma-*, qwen-3"
          autoComplete="off"
          spellCheck={false}
          value={form.models}
          onText={(models) => change({ models })}
        />
        <Select
          label="Ends"
          value={form.expiresInDays}
          options={key === undefined ? ends : [{ value: keepExpiry, label: "As it is" }, ...ends]}
          onValue={(expiresInDays) => change({ expiresInDays })}
        />
        <fieldset className="plain-set">
          <legend className="field-label">Limits</legend>
          <p className="field-help">Where empty, as much as there is. 10k and 2.5M are numbers too.</p>
          <div className="key-limit-fields">
            {limits.map(({ id, label }) => (
              <TextInput
                key={id}
                label={label}
                error={shown[id]}
                inputMode="decimal"
                placeholder="no limit"
                autoComplete="off"
                value={form.limits[id] ?? ""}
                onText={(text) => change({ limits: { ...form.limits, [id]: text } })}
              />
            ))}
          </div>
        </fieldset>
      </form>
    </Dialog>
  );
}

interface ScopesProps {
  readonly chosen: readonly KeyScope[];
  readonly error: string | undefined;
  readonly onChange: (chosen: readonly KeyScope[]) => void;
}

function Scopes({ chosen, error, onChange }: ScopesProps) {
  return (
    <fieldset className="plain-set" aria-describedby={error === undefined ? undefined : "scopes-error"}>
      <legend className="field-label">For</legend>
      {scopes.map(({ id, opens }) => (
        <label key={id} className="scope">
          <input
            type="checkbox"
            checked={chosen.includes(id)}
            onChange={(event) =>
              onChange(event.currentTarget.checked ? [...chosen, id] : chosen.filter((other) => other !== id))
            }
          />
          <span>
            <b>{id}</b>
            <span className="soft small">{opens}</span>
          </span>
        </label>
      ))}
      {error !== undefined && (
        <p id="scopes-error" className="field-error">
          {error}
        </p>
      )}
    </fieldset>
  );
}
