import { type DragEvent, useEffect, useRef, useState } from "react";
import { bytes, count, percent, whole } from "../../format/numbers.ts";
import { Button } from "../../parts/button.tsx";
import { classes } from "../../parts/classes.ts";
import { Icon } from "../../parts/icon.tsx";
import { Spinner } from "../../parts/loading.tsx";
import type { ReadyInput } from "./batch-input.ts";
import { checkInput, type InputReport } from "./input-check.ts";

type State =
  | { readonly kind: "none" }
  | { readonly kind: "checking"; readonly file: File; readonly share: number }
  | { readonly kind: "checked"; readonly file: File; readonly report: InputReport };

/** A file of JSON Lines: dropped or chosen, and looked at before it is sent anywhere. */
export function FileSource({ onInput }: { readonly onInput: (input: ReadyInput | undefined) => void }) {
  const [state, setState] = useState<State>({ kind: "none" });
  const [isOver, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  const take = async (file: File | undefined) => {
    if (file === undefined) return;
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    onInput(undefined);
    setState({ kind: "checking", file, share: 0 });
    const onProgress = (share: number) => setState({ kind: "checking", file, share });
    try {
      const report = await checkInput(file, { signal: controller.signal, onProgress });
      setState({ kind: "checked", file, report });
      const { endpoint } = report;
      if (report.problemCount === 0 && endpoint !== undefined)
        onInput({ file, name: file.name, endpoint, title: file.name.replace(/\.[a-z]+$/i, "") });
    } catch {
      // Another file was chosen meanwhile, or the page was left.
    }
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };

  return (
    <div className="stack">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra; the button inside does the same. */}
      <div
        className={classes("drop-zone", isOver && "drop-zone-over")}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <Icon name="file" />
        <p>Drop a file of JSON Lines here</p>
        <Button onClick={() => chooser.current?.click()}>Choose a file</Button>
        <input
          ref={chooser}
          type="file"
          accept=".jsonl,.ndjson,application/jsonl"
          hidden
          aria-label="File of requests"
          onChange={(event) => {
            void take(event.currentTarget.files?.[0]);
            event.currentTarget.value = "";
          }}
        />
        <code className="faint tiny">
          {'{"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": …}}'}
        </code>
      </div>
      <div aria-live="polite">
        {state.kind === "checking" && (
          <Spinner label={`Looking at ${state.file.name}, ${percent(state.share)}`} />
        )}
        {state.kind === "checked" && <Report file={state.file} report={state.report} />}
      </div>
    </div>
  );
}

function Report({ file, report }: { readonly file: File; readonly report: InputReport }) {
  const { lines, endpoint, models, problems, problemCount } = report;
  const isGood = problemCount === 0;
  return (
    <div className={classes("file-report", !isGood && "file-report-bad")}>
      <Icon name={isGood ? "check" : "warning"} />
      <div className="stack-tight">
        <p>
          <b>{file.name}</b> <span className="soft">{bytes(file.size)}</span>
        </p>
        <p className="soft small">
          {count(lines, "line")}
          {endpoint !== undefined && (
            <>
              {" to "}
              <code>{endpoint}</code>
            </>
          )}
          {models.length > 0 && `, for ${modelWords(models)}`}
        </p>
        {!isGood && (
          <>
            <p className="small">
              {count(problemCount, "problem")}
              {problemCount > problems.length && `; the first ${problems.length}:`}
            </p>
            <ul className="line-errors line-errors-bare">
              {problems.map(({ line, says }) => (
                <li key={`${line} ${says}`}>
                  <span className="line-number">{line === undefined ? "File" : `Line ${whole(line)}`}</span>
                  <span>{says}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </div>
  );
}

const namedModels = 3;

function modelWords(models: InputReport["models"]): string {
  const names = models.slice(0, namedModels).map(({ model }) => model);
  const rest = models.length - names.length;
  return rest > 0 ? `${names.join(", ")} and ${rest} more` : names.join(", ");
}
