import type { ApiKey, AuditRecord, AuditReport, List } from "@muster/sdk";
import { useMemo, useState } from "react";
import { callJson } from "../../data/api.ts";
import { useJson } from "../../data/use-json.ts";
import { count, whole } from "../../format/numbers.ts";
import { Ago } from "../../parts/ago.tsx";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Empty } from "../../parts/empty.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Select } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { Panel } from "../../parts/panel.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { actorWords, auditActions, deedWords, detailWords } from "./key-words.ts";

const shownRecords = 200;
const anything = [{ value: "", label: "Everything" }];
const actionOptions = [...anything, ...auditActions.map((value) => ({ value, label: deedWords(value) }))];
const sinceOptions = [
  { value: "3600", label: "The last hour" },
  { value: "86400", label: "The last day" },
  { value: "604800", label: "The last week" },
  { value: "", label: "All time" },
];

/** Who did what. */
export function AuditTab({ keys }: { readonly keys: readonly ApiKey[] }) {
  const [action, setAction] = useState("");
  const [actor, setActor] = useState("");
  const [span, setSpan] = useState("86400");
  const path = useMemo(() => pathOf({ action, actor, span }), [action, actor, span]);
  const { data, error, refresh } = useJson<List<AuditRecord>>(path, { keepsLast: true });
  const columns = useMemo(() => columnsOf(keys), [keys]);
  const actorOptions = [
    { value: "", label: "Everybody" },
    { value: "muster", label: "Muster itself" },
    ...keys.map(({ id, name }) => ({ value: id, label: name })),
  ];
  const records = data?.data ?? [];
  return (
    <div className="stack">
      <Verify />
      <Panel
        title="Who did what"
        isFlush
        tools={
          <div className="row audit-filters">
            <Select isBare label="What" value={action} options={actionOptions} onValue={setAction} />
            <Select isBare label="Who" value={actor} options={actorOptions} onValue={setActor} />
            <Select isBare label="When" value={span} options={sinceOptions} onValue={setSpan} />
            <Button icon="refresh" onClick={refresh}>
              Read again
            </Button>
          </div>
        }
      >
        {error !== undefined && <ErrorNote error={error} onRetry={refresh} />}
        {data === undefined && error === undefined && <Skeleton />}
        {data !== undefined && records.length === 0 && (
          <Empty icon="file" title="Nothing of that was done">
            Choose a longer time, or everything.
          </Empty>
        )}
        {records.length > 0 && (
          <Table
            caption="Audit trail"
            columns={columns}
            rows={records}
            keyOf={({ log, seq }) => `${log} ${seq}`}
            maxHeight="60dvh"
          />
        )}
        {data?.has_more === true && (
          <p className="soft small key-note">
            These are the newest {shownRecords}: narrow it down to see others.
          </p>
        )}
      </Panel>
    </div>
  );
}

function pathOf({
  action,
  actor,
  span,
}: {
  readonly action: string;
  readonly actor: string;
  readonly span: string;
}) {
  const query = new URLSearchParams({ limit: String(shownRecords) });
  if (action !== "") query.set("action", action);
  if (actor !== "") query.set("actor", actor);
  if (span !== "") query.set("since", String(Math.floor(Date.now() / 1_000) - Number(span)));
  return `/cluster/v1/audit?${query}`;
}

function columnsOf(keys: readonly ApiKey[]): readonly Column<AuditRecord>[] {
  return [
    { id: "who", title: "Who", cell: ({ actor }) => <span data-tip={actor}>{actorWords(actor, keys)}</span> },
    {
      id: "what",
      title: "Did what",
      cell: ({ action }) => (
        <span className="audit-when" data-tip={action}>
          {deedWords(action)}
        </span>
      ),
    },
    {
      id: "target",
      title: "To",
      isWideOnly: true,
      cell: ({ target }) => (
        <code className="audit-target one-line" data-tip={target}>
          {target}
        </code>
      ),
    },
    {
      id: "details",
      title: "More",
      isWideOnly: true,
      cell: ({ details }) => <span className="soft small audit-more">{detailWords(details)}</span>,
    },
    {
      id: "when",
      title: "When",
      isEnd: true,
      cell: ({ at }) => (
        <span className="audit-when">
          <Ago at={Date.parse(at) / 1_000} />
        </span>
      ),
    },
  ];
}

type VerifyState =
  | { readonly kind: "idle" | "reading" }
  | { readonly kind: "report"; readonly report: AuditReport }
  | { readonly kind: "failed"; readonly error: unknown };

/** Whether the trail is as it was written. */
function Verify() {
  const [state, setState] = useState<VerifyState>({ kind: "idle" });
  const verify = async () => {
    setState({ kind: "reading" });
    try {
      const report = await callJson<AuditReport>("/cluster/v1/audit/verify", { method: "POST", body: {} });
      setState({ kind: "report", report });
    } catch (error) {
      setState({ kind: "failed", error });
    }
  };
  return (
    <div className="stack">
      <div className="row">
        <Button isBusy={state.kind === "reading"} onClick={() => void verify()}>
          Verify the trail
        </Button>
        <span className="soft small">
          Reads every record, and says whether one was changed, removed or put in.
        </span>
      </div>
      <div role="status">
        {state.kind === "failed" && <ErrorNote error={state.error} />}
        {state.kind === "report" && <Report report={state.report} />}
      </div>
    </div>
  );
}

function Report({ report }: { readonly report: AuditReport }) {
  const { intact, records, logs, faults, fault_count: all, heads } = report;
  return (
    <div className={intact ? "verified" : "verified verified-bad"}>
      <Icon name={intact ? "check" : "warning"} />
      <div className="stack">
        <p>
          {intact
            ? `It is as it was written: ${count(records, "record")} in ${count(logs, "log")}.`
            : `${count(all, "fault")} in ${count(records, "record")}. Somebody has changed what is written.`}
        </p>
        {!intact && (
          <ul className="small">
            {faults.map(({ log, seq, says }) => (
              <li key={`${log} ${seq} ${says}`}>
                {log}, record {whole(seq)}: {says}
              </li>
            ))}
          </ul>
        )}
        {heads.length > 0 && (
          <details>
            <summary className="small">The ends of the logs, to be noted elsewhere</summary>
            <Code text={heads.join("\n")} />
          </details>
        )}
      </div>
    </div>
  );
}
