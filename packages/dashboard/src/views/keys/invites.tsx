import type { List } from "@muster/sdk";
import { type FormEvent, useEffect, useState } from "react";
import { callJson } from "../../data/api.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Select, TextInput } from "../../parts/field.tsx";
import { Panel } from "../../parts/panel.tsx";
import { countdown } from "./key-words.ts";

/** What an invitation answers. */
interface Invite {
  readonly url: string;
  readonly command: string;
  readonly expires_at: number;
}

const ends = [
  { value: "300", label: "5 minutes" },
  { value: "900", label: "15 minutes" },
  { value: "1800", label: "30 minutes" },
];

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

interface InviteForm {
  readonly pool: string;
  readonly name: string;
  readonly count: string;
  readonly expiresIn: string;
}

/** What is sent, or what is wrong with it, by field. */
function requestOf({ pool, name, count, expiresIn }: InviteForm) {
  const number = Number(count);
  const words = "Use letters, digits, dots, dashes and underscores.";
  const problems = {
    ...(namePattern.test(pool) ? {} : { pool: words }),
    ...(name === "" || namePattern.test(name) ? {} : { name: words }),
    ...(Number.isInteger(number) && number >= 1 && number <= 100 ? {} : { count: "Write 1 to 100." }),
  };
  const body = { pool, ...(name === "" ? {} : { name }), count: number, expires_in: Number(expiresIn) };
  return { body, problems: problems as Readonly<Record<string, string>> };
}

/** Lets machines join: a line for each, good once and for a while. */
export function Invites() {
  const [form, setForm] = useState<InviteForm>({ pool: "desks", name: "", count: "1", expiresIn: "900" });
  const [invites, setInvites] = useState<readonly Invite[]>([]);
  const [error, setError] = useState<unknown>(undefined);
  const [isBusy, setBusy] = useState(false);
  const change = (part: Partial<InviteForm>) => setForm({ ...form, ...part });
  const { body, problems } = requestOf(form);

  const invite = async (event: FormEvent) => {
    event.preventDefault();
    if (Object.keys(problems).length > 0) return;
    setBusy(true);
    setError(undefined);
    try {
      setInvites((await callJson<List<Invite>>("/cluster/v1/invites", { method: "POST", body })).data);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Panel title="Invite machines">
      <form className="stack" noValidate onSubmit={(event) => void invite(event)}>
        <div className="invite-fields">
          <TextInput
            label="Pool"
            help="A label that the worker cannot change"
            error={problems["pool"]}
            value={form.pool}
            onText={(pool) => change({ pool })}
          />
          <TextInput
            label="Name"
            help="Where empty, as the machine calls itself"
            error={problems["name"]}
            value={form.name}
            onText={(name) => change({ name })}
          />
          <TextInput
            label="Machines"
            help="A line for each"
            inputMode="numeric"
            error={problems["count"]}
            value={form.count}
            onText={(count) => change({ count })}
          />
          <Select
            label="Good for"
            value={form.expiresIn}
            options={ends}
            onValue={(expiresIn) => change({ expiresIn })}
          />
        </div>
        {error !== undefined && <ErrorNote error={error} />}
        <div>
          <Button type="submit" kind="primary" icon="plus" isBusy={isBusy}>
            Make an invitation
          </Button>
        </div>
      </form>
      {invites.length > 0 && <Lines invites={invites} />}
    </Panel>
  );
}

function Lines({ invites }: { readonly invites: readonly Invite[] }) {
  const left = countdown(invites[0]?.expires_at ?? 0, useSeconds());
  return (
    <div className="invite-lines">
      <p className="small" role="status">
        {left === undefined
          ? "These lines are over: make new ones."
          : invites.length === 1
            ? "Paste this into a terminal of the machine. It is good once."
            : "Paste one of these into a terminal of each machine. Each is good once."}
      </p>
      {left !== undefined && (
        <p className="soft small">
          Good for <b>{left}</b> more
        </p>
      )}
      {left !== undefined && invites.map(({ url, command }) => <Code key={url} text={command} isWrapped />)}
    </div>
  );
}

/** Unix seconds, second by second. */
function useSeconds(): number {
  const [now, setNow] = useState(() => Date.now() / 1_000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1_000), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
