import type { Enrolment, List, Trust } from "@muster/sdk";
import { useState } from "react";
import { ApiError, callJson } from "../../data/api.ts";
import { useJson } from "../../data/use-json.ts";
import { fullTime } from "../../format/times.ts";
import { capital } from "../../format/words.ts";
import { Ago } from "../../parts/ago.tsx";
import { Badge, type Tone } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Empty } from "../../parts/empty.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { Panel } from "../../parts/panel.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { toast } from "../../parts/toast.ts";
import { Invites } from "./invites.tsx";

const readEveryMs = 10_000;

/** Machines that have joined, those that may, and who vouches for them. */
export function MachinesTab() {
  const trust = useJson<Trust>("/cluster/v1/trust");
  const enrolments = useJson<List<Enrolment>>("/cluster/v1/enrolments", { everyMs: readEveryMs });
  const error = trust.error ?? enrolments.error;
  if (error instanceof ApiError && error.code === "unsupported_parameter") return <OnThisMachine />;
  if (error !== undefined) return <ErrorNote error={error} onRetry={trust.refresh} />;
  if (trust.data === undefined || enrolments.data === undefined) return <Skeleton />;
  return (
    <div className="stack">
      <Invites />
      <Enrolled enrolments={enrolments.data.data} onChange={enrolments.refresh} />
      <Authorities trust={trust.data} />
    </div>
  );
}

function OnThisMachine() {
  return (
    <Empty icon="workers" title="Other machines cannot join yet">
      <p className="empty-text">
        This orchestrator listens for workers on this machine alone, and they need no invitation. To let
        others join, start it so that they reach it; then invitations are made here:
      </p>
      <Code text="MUSTER_FLEET_HOST=0.0.0.0 muster up" />
    </Empty>
  );
}

interface EnrolledProps {
  readonly enrolments: readonly Enrolment[];
  readonly onChange: () => void;
}

function Enrolled({ enrolments, onChange }: EnrolledProps) {
  const [revoked, setRevoked] = useState<Enrolment | undefined>(undefined);
  const revoke = async ({ id, name }: Enrolment) => {
    await callJson(`/cluster/v1/workers/${encodeURIComponent(id)}/revoke`, { method: "POST" });
    toast(`${name} is revoked.`);
    onChange();
  };
  return (
    <Panel title="Machines that have joined" isFlush>
      {enrolments.length === 0 ? (
        <p className="soft key-note">
          None yet. Make an invitation above, and paste its line on the machine.
        </p>
      ) : (
        <Table
          caption="Machines that have joined"
          columns={columnsOf(setRevoked)}
          rows={enrolments}
          keyOf={({ id }) => id}
        />
      )}
      {revoked !== undefined && (
        <Confirm
          title={`Revoke ${revoked.name}?`}
          action="Revoke"
          isDangerous
          onConfirm={() => revoke(revoked)}
          onClose={() => setRevoked(undefined)}
        >
          The machine is cut off at once and gets no more work; what it runs is begun anew elsewhere. To come
          back it needs a new invitation.
        </Confirm>
      )}
    </Panel>
  );
}

const tones: Readonly<Record<Enrolment["state"], Tone>> = { live: "good", lapsed: "warn", revoked: "quiet" };

function columnsOf(onRevoke: (enrolment: Enrolment) => void): readonly Column<Enrolment>[] {
  return [
    { id: "name", title: "Name", sortBy: ({ name }) => name, cell: ({ name }) => name },
    {
      id: "state",
      title: "State",
      sortBy: ({ state }) => state,
      cell: ({ state }) => (
        <Badge tone={tones[state]} hasDot>
          {capital(state)}
        </Badge>
      ),
    },
    { id: "pool", title: "Pool", isWideOnly: true, sortBy: ({ pool }) => pool, cell: ({ pool }) => pool },
    {
      id: "joined",
      title: "Joined",
      isEnd: true,
      isWideOnly: true,
      sortBy: ({ joined_at: at }) => at,
      cell: ({ joined_at: at }) => <Ago at={at} />,
    },
    {
      id: "seen",
      title: "Last seen",
      isEnd: true,
      isWideOnly: true,
      sortBy: ({ last_seen: day }) => day,
      cell: ({ last_seen: day }) => day,
    },
    {
      id: "deeds",
      title: "",
      isEnd: true,
      cell: (enrolment) =>
        enrolment.state === "revoked" ? null : (
          <Button kind="danger" isSmall onClick={() => onRevoke(enrolment)}>
            Revoke
          </Button>
        ),
    },
  ];
}

function Authorities({ trust }: { readonly trust: Trust }) {
  return (
    <Panel title="Who vouches for them" isFlush>
      <ul className="authorities">
        {trust.authorities.map((one) => (
          <li key={one.id}>
            <code className="one-line">{one.id}</code>
            <span className="row">
              {one.signs && <Badge tone="good">signs</Badge>}
              {one.serves && <Badge tone="good">shown</Badge>}
              {one.is_brought && (
                <Badge tip="The office has brought it: Muster does not change it">the office’s</Badge>
              )}
            </span>
            <span className="soft small">
              made {fullTime(one.created_at)}
              {one.ends_at === null ? ", no end set" : <>, ends {fullTime(one.ends_at)}</>}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
