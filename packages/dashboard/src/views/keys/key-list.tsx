import type { ApiKey, List, NewApiKey } from "@muster/sdk";
import { useState } from "react";
import { call, callJson } from "../../data/api.ts";
import { askSession, type SessionState, sessionStore } from "../../data/session.ts";
import type { JsonState } from "../../data/use-json.ts";
import { useStore } from "../../data/use-store.ts";
import { capital } from "../../format/words.ts";
import { Ago } from "../../parts/ago.tsx";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Empty } from "../../parts/empty.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Select, Switch } from "../../parts/field.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { Menu, type MenuEntry } from "../../parts/menu.tsx";
import { Panel } from "../../parts/panel.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { toast } from "../../parts/toast.ts";
import { KeyDialog } from "./key-dialog.tsx";
import { KeySecret } from "./key-secret.tsx";
import { limitWords } from "./key-words.ts";

const pathOf = ({ id }: ApiKey) => `/cluster/v1/keys/${encodeURIComponent(id)}`;

const sessionPath = "/dashboard/v1/session";
const isOpenSession = (state: SessionState) => state.kind === "signed-in" && state.session.is_open;

type Opened =
  | { readonly kind: "create" }
  | { readonly kind: "change" | "rotate" | "revoke"; readonly key: ApiKey }
  | { readonly kind: "secret"; readonly made: NewApiKey; readonly isRotated: boolean };

/** Who may ask, for what and how much. */
export function KeyList({ keys }: { readonly keys: JsonState<List<ApiKey>> }) {
  const { data, error, refresh } = keys;
  const [opened, setOpened] = useState<Opened | undefined>(undefined);
  const [isWithPast, setWithPast] = useState(false);
  const close = () => setOpened(undefined);
  const all = data?.data ?? [];
  const past = all.filter(({ state }) => state !== "live").length;
  const rows = isWithPast ? all : all.filter(({ state }) => state === "live");
  const isOpen = useStore(sessionStore, isOpenSession);
  const shown = (made: NewApiKey, isRotated: boolean) => {
    setOpened({ kind: "secret", made, isRotated });
    // With the first key everybody needs one, this page too: it must not be sent away before the text was read.
    if (isOpen) void call(sessionPath, { method: "POST", body: { key: made.key } }).catch(() => undefined);
  };
  const closeSecret = () => {
    close();
    refresh();
    if (isOpen) void askSession();
  };

  return (
    <>
      <Panel
        title="Keys"
        isFlush
        tools={
          <div className="row">
            {past > 0 && (
              <Switch
                label={past === 1 ? "With one that is over" : `With ${past} that are over`}
                isOn={isWithPast}
                onSwitch={setWithPast}
              />
            )}
            <Button kind="primary" icon="plus" onClick={() => setOpened({ kind: "create" })}>
              New key
            </Button>
          </div>
        }
      >
        {error !== undefined && <ErrorNote error={error} onRetry={refresh} />}
        {data === undefined && error === undefined && <Skeleton />}
        {data !== undefined && rows.length === 0 && <NoKeys isOpen={isOpen} />}
        {rows.length > 0 && (
          <Table caption="Keys" columns={columnsOf(setOpened)} rows={rows} keyOf={({ id }) => id} />
        )}
      </Panel>
      {opened?.kind === "create" && (
        <KeyDialog onClose={close} onMade={(made) => shown(made, false)} onChanged={refresh} />
      )}
      {opened?.kind === "change" && (
        <KeyDialog
          of={opened.key}
          onClose={close}
          onMade={(made) => shown(made, false)}
          onChanged={refresh}
        />
      )}
      {opened?.kind === "rotate" && (
        <Rotate of={opened.key} onClose={close} onMade={(made) => shown(made, true)} />
      )}
      {opened?.kind === "revoke" && <Revoke of={opened.key} onClose={close} onDone={refresh} />}
      {opened?.kind === "secret" && (
        <KeySecret made={opened.made} isRotated={opened.isRotated} isFirst={isOpen} onClose={closeSecret} />
      )}
    </>
  );
}

function NoKeys({ isOpen }: { readonly isOpen: boolean }) {
  if (!isOpen)
    return (
      <Empty icon="keys" title="No keys but the operator’s">
        Give each person and each program a key of its own: then each can be told apart, limited, and revoked.
      </Empty>
    );
  return (
    <Empty icon="keys" title="No keys yet">
      <p className="empty-text">
        While there is none, whoever is logged in on this machine may do everything, and nobody else anything.
        With the first key everybody needs one; this page goes on with it. Then there is the operator’s key
        too, for whoever runs Muster:
      </p>
      <Code text="<data folder>/trust/admin.key" />
    </Empty>
  );
}

const tones: Readonly<Record<ApiKey["state"], Tone>> = { live: "good", expired: "warn", revoked: "quiet" };

function columnsOf(open: (opened: Opened) => void): readonly Column<ApiKey>[] {
  return [
    {
      id: "name",
      title: "Name",
      sortBy: ({ name }) => name,
      cell: ({ name, tenant, secrets }) => (
        <div className="key-name">
          {name}
          <span className="faint tiny">
            {tenant === name ? "" : `tenant ${tenant} `}
            <code>{secrets.map(({ prefix }) => `${prefix}…`).join(" ")}</code>
          </span>
        </div>
      ),
    },
    {
      id: "state",
      title: "State",
      isWideOnly: true,
      sortBy: ({ state }) => state,
      cell: ({ state, secrets }) => (
        <span className="row">
          <Badge tone={tones[state]} hasDot>
            {capital(state)}
          </Badge>
          {secrets.length > 1 && <Badge tip="Two texts open it, until the older one ends">rotating</Badge>}
        </span>
      ),
    },
    { id: "scopes", title: "For", cell: ({ scopes }) => scopes.join(", ") },
    {
      id: "models",
      title: "Models",
      isWideOnly: true,
      cell: ({ models }) => (models === null ? <span className="soft">all</span> : models.join(", ")),
    },
    {
      id: "limits",
      title: "Limits",
      isWideOnly: true,
      cell: (key) => {
        const words = limitWords(key);
        return words.length === 0 ? (
          <span className="soft">none</span>
        ) : (
          <ul className="key-limits">
            {words.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        );
      },
    },
    {
      id: "used",
      title: "Last used",
      isEnd: true,
      isWideOnly: true,
      sortBy: ({ last_used_on: day }) => day,
      cell: ({ last_used_on: day }) => day ?? <span className="soft">never</span>,
    },
    {
      id: "ends",
      title: "Ends",
      isEnd: true,
      isWideOnly: true,
      sortBy: ({ expires_at: at }) => at,
      cell: ({ expires_at: at }) => (at === null ? <span className="soft">never</span> : <Ago at={at} />),
    },
    {
      id: "deeds",
      title: "",
      isEnd: true,
      cell: (key) =>
        key.state === "live" ? (
          <Menu isSmall label={`Change ${key.name}`} entries={deedsOf(key, open)} />
        ) : null,
    },
  ];
}

function deedsOf(key: ApiKey, open: (opened: Opened) => void): readonly MenuEntry[] {
  return [
    { id: "change", label: "Change limits", icon: "sliders", onChoose: () => open({ kind: "change", key }) },
    { id: "rotate", label: "Rotate", icon: "refresh", onChoose: () => open({ kind: "rotate", key }) },
    { kind: "line", id: "line" },
    {
      id: "revoke",
      label: "Revoke",
      icon: "trash",
      isDangerous: true,
      onChoose: () => open({ kind: "revoke", key }),
    },
  ];
}

interface DeedProps {
  readonly of: ApiKey;
  readonly onClose: () => void;
}

const overlaps = [
  { value: "86400", label: "for a day longer" },
  { value: "3600", label: "for an hour longer" },
  { value: "604800", label: "for a week longer" },
  { value: "0", label: "not at all" },
];

function Rotate({ of: key, onClose, onMade }: DeedProps & { readonly onMade: (made: NewApiKey) => void }) {
  const [overlap, setOverlap] = useState("86400");
  const rotate = async () => {
    const body = { overlap_seconds: Number(overlap) };
    const made = await callJson<NewApiKey>(`${pathOf(key)}/rotate`, { method: "POST", body });
    // After the question has closed.
    setTimeout(() => onMade(made), 0);
  };
  return (
    <Confirm title={`Rotate ${key.name}?`} action="Rotate" onConfirm={rotate} onClose={onClose}>
      <div className="stack">
        <p>It gets a new text, which is shown once. What it may do stays as it is.</p>
        <Select label="The text before is good" value={overlap} options={overlaps} onValue={setOverlap} />
      </div>
    </Confirm>
  );
}

function Revoke({ of: key, onClose, onDone }: DeedProps & { readonly onDone: () => void }) {
  const revoke = async () => {
    await callJson<ApiKey>(pathOf(key), { method: "DELETE" });
    toast(`${key.name} is revoked.`);
    onDone();
  };
  return (
    <Confirm title={`Revoke ${key.name}?`} action="Revoke" isDangerous onConfirm={revoke} onClose={onClose}>
      Whoever uses it is turned away from now on, everywhere within five seconds. Requests that run may end,
      and so do batches that were made with it. A revoked key cannot be taken up again.
    </Confirm>
  );
}
