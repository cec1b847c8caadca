import { useEffect, useState } from "react";
import { call } from "../../data/api.ts";
import { noteRefusal } from "../../data/session.ts";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Spinner } from "../../parts/loading.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { type FailedLine, firstFailedLines } from "./failed-lines.ts";

const shownLines = 20;

type State =
  | { readonly kind: "loading" }
  | { readonly kind: "lines"; readonly lines: readonly FailedLine[] }
  | { readonly kind: "failed"; readonly error: unknown };

/** The first lines of an error file. */
export function FailedLines({ path }: { readonly path: string }) {
  const [state, setState] = useState<State>({ kind: "loading" });
  useEffect(() => {
    const abort = new AbortController();
    const read = async () => {
      const { body } = await call(path, { signal: abort.signal });
      return body === null ? [] : firstFailedLines(body, shownLines);
    };
    read().then(
      (lines) => setState({ kind: "lines", lines }),
      (error: unknown) => {
        if (abort.signal.aborted) return;
        noteRefusal(error);
        setState({ kind: "failed", error });
      },
    );
    return () => abort.abort();
  }, [path]);

  if (state.kind === "loading") return <Spinner label="Reading the first lines that failed" />;
  if (state.kind === "failed") return <ErrorNote error={state.error} />;
  return (
    <div className="failed-lines">
      <h3>
        {state.lines.length === shownLines
          ? `The first ${shownLines} lines that failed`
          : "Lines that failed"}
      </h3>
      <Table
        caption="Lines that failed"
        columns={columns}
        rows={state.lines}
        keyOf={({ customId }) => customId}
      />
    </div>
  );
}

const columns: readonly Column<FailedLine>[] = [
  { id: "id", title: "custom_id", cell: ({ customId }) => <code>{customId}</code> },
  {
    id: "code",
    title: "Code",
    isWideOnly: true,
    cell: ({ status, code }) => (
      <code>{[status, code].filter((each) => each !== undefined && each !== "").join(" ")}</code>
    ),
  },
  { id: "says", title: "Why", cell: ({ says }) => says },
];
