import { type FormEvent, useState } from "react";
import { signIn } from "../data/session.ts";
import { Button } from "../parts/button.tsx";
import { errorText } from "../parts/error-note.tsx";
import { TextInput } from "../parts/field.tsx";

export function SignIn() {
  const [key, setKey] = useState("");
  const [error, setError] = useState<string | undefined>(undefined);
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
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
    <main>
      <form onSubmit={(event) => void submit(event)}>
        <TextInput label="Key" type="password" value={key} onText={setKey} error={error} />
        <Button type="submit" kind="primary" isBusy={isBusy}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
