import { type FormEvent, useEffect, useState } from "react";
import { signIn } from "../data/session.ts";
import { Button } from "../parts/button.tsx";
import { Code } from "../parts/code.tsx";
import { errorText } from "../parts/error-note.tsx";
import { TextInput } from "../parts/field.tsx";
import { Door } from "./door.tsx";

/** One field: the key. */
export function SignIn() {
  const [key, setKey] = useState("");
  const [error, setError] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);

  useEffect(() => {
    document.title = "Sign in · Muster";
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() === "") {
      setError("Paste a key first.");
      return;
    }
    setBusy(true);
    setError(undefined);
    try {
      await signIn(key.trim());
    } catch (thrown) {
      setError(errorText(thrown));
      setBusy(false);
    }
  };

  return (
    <Door title="Sign in with your key">
      <form className="stack" onSubmit={(event) => void submit(event)} noValidate>
        <TextInput
          label="Key"
          type="password"
          name="key"
          autoComplete="current-password"
          spellCheck={false}
          autoCapitalize="none"
          placeholder="mst_…"
          isCode
          autoFocus
          value={key}
          onText={(text) => {
            setKey(text);
            setError(undefined);
          }}
          error={error}
        />
        <Button type="submit" kind="primary" isBusy={isBusy}>
          Sign in
        </Button>
      </form>
      <details className="door-help">
        <summary>What is a key, and where do I get one?</summary>
        <p>
          A key says who asks, and what they may do. The same one works here and in programs that use Muster.
          Whoever looks after Muster makes one for you:
        </p>
        <Code text="muster keys create --name mo --scope read" isWrapped />
        <p>
          Whoever runs Muster has the operator's key: it is in the file <code>trust/admin.key</code> of the
          orchestrator's data folder, on the machine where it runs.
        </p>
      </details>
    </Door>
  );
}
