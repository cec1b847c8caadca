import type { Batch, BatchEndpoint, BatchPlan } from "@muster/sdk";
import { useCallback, useEffect, useRef, useState } from "react";
import { call, callJson } from "../../data/api.ts";
import { hashOf } from "../../data/route.ts";
import { noteRefusal } from "../../data/session.ts";
import { go } from "../../data/use-hash.ts";
import { percent } from "../../format/numbers.ts";
import { Button } from "../../parts/button.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Spinner } from "../../parts/loading.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Page } from "../../parts/page.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Segments } from "../../parts/tabs.tsx";
import { toast } from "../../parts/toast.ts";
import type { PlanState, ReadyInput } from "./batch-input.ts";
import { type BatchOptions, BatchOptionsForm, usualOptions } from "./batch-options.tsx";
import { FileSource } from "./file-source.tsx";
import { PlanView } from "./plan-view.tsx";
import { PromptSource } from "./prompt-source.tsx";
import { uploadInput } from "./upload.ts";

type Stage =
  | { readonly kind: "choosing" }
  | { readonly kind: "uploading"; readonly share: number }
  | {
      readonly kind: "uploaded";
      readonly fileId: string;
      readonly endpoint: BatchEndpoint;
      readonly plan: PlanState;
    }
  | { readonly kind: "failed"; readonly error: unknown };

const sources = [
  { id: "file", label: "A file of requests" },
  { id: "prompts", label: "Prompts, one per line" },
];

/** From an input to a batch that runs: check, upload, estimate, start. */
export function NewBatch() {
  const [source, setSource] = useState("file");
  const [input, setInput] = useState<ReadyInput | undefined>(undefined);
  const [options, setOptions] = useState<BatchOptions>(usualOptions);
  const [stage, setStage] = useState<Stage>({ kind: "choosing" });
  const [isStarting, setStarting] = useState(false);
  const running = useRef<AbortController | undefined>(undefined);
  const unused = useRef<string | undefined>(undefined);

  /** What was uploaded for nothing goes: another input was chosen, or the page was left. */
  const reset = useCallback(() => {
    running.current?.abort();
    const fileId = unused.current;
    unused.current = undefined;
    if (fileId !== undefined) void call(`/v1/files/${fileId}`, { method: "DELETE" }).catch(() => undefined);
  }, []);
  useEffect(() => reset, [reset]);
  const choose = useCallback(
    (next: ReadyInput | undefined) => {
      reset();
      setInput(next);
      setStage({ kind: "choosing" });
    },
    [reset],
  );

  const upload = async ({ file, name, endpoint }: ReadyInput) => {
    reset();
    const controller = new AbortController();
    running.current = controller;
    const { signal } = controller;
    setStage({ kind: "uploading", share: 0 });
    try {
      const onProgress = (share: number) => setStage({ kind: "uploading", share });
      const { id: fileId } = await uploadInput({ file, name, signal, onProgress });
      unused.current = fileId;
      const show = (plan: PlanState) => {
        if (!signal.aborted) setStage({ kind: "uploaded", fileId, endpoint, plan });
      };
      show({ kind: "planning" });
      show(await planOf(fileId, endpoint, signal));
    } catch (error) {
      noteRefusal(error);
      if (!signal.aborted) setStage({ kind: "failed", error });
    }
  };
  const start = async (fileId: string, endpoint: BatchEndpoint) => {
    setStarting(true);
    try {
      const body = bodyOf(options, { fileId, endpoint, title: input?.title ?? "" });
      const { id } = await callJson<Batch>("/v1/batches", { method: "POST", body });
      unused.current = undefined;
      toast("The batch has begun.");
      go(hashOf("batches", [id]));
    } catch (error) {
      noteRefusal(error);
      setStage({ kind: "failed", error });
      setStarting(false);
    }
  };

  const foot = useRef<HTMLDivElement>(null);
  const isPlanned = stage.kind === "uploaded" && stage.plan.kind !== "planning";
  useEffect(() => {
    if (isPlanned) foot.current?.scrollIntoView({ block: "nearest" });
  }, [isPlanned]);

  const isUploading = stage.kind === "uploading";
  const isWrong =
    stage.kind === "uploaded" && stage.plan.kind === "planned" && stage.plan.plan.errors.total > 0;
  return (
    <Page
      title="New batch"
      before={
        <a href={hashOf("batches")}>
          <Icon name="back" />
          Batches
        </a>
      }
    >
      <div className="new-batch">
        <Panel
          title="Input"
          tools={
            <Segments
              label="Input"
              choices={sources}
              chosen={source}
              onChoose={(id) => {
                choose(undefined);
                setSource(id);
              }}
            />
          }
        >
          {source === "file" ? <FileSource onInput={choose} /> : <PromptSource onInput={choose} />}
        </Panel>
        <Panel title="How it runs">
          <BatchOptionsForm options={options} usualName={input?.title} onChange={setOptions} />
        </Panel>
        {stage.kind === "failed" && (
          <ErrorNote
            error={stage.error}
            {...(input === undefined ? {} : { onRetry: () => void upload(input) })}
          />
        )}
        {isUploading && <UploadMeter share={stage.share} onStop={() => choose(input)} />}
        {stage.kind === "uploaded" && <PlanView state={stage.plan} />}
        <div ref={foot} className="row new-batch-foot">
          {stage.kind === "uploaded" ? (
            <Button
              kind="primary"
              icon="play"
              isBusy={isStarting}
              disabled={isWrong}
              onClick={() => void start(stage.fileId, stage.endpoint)}
            >
              Start the batch
            </Button>
          ) : (
            <Button
              kind="primary"
              icon="upload"
              disabled={input === undefined || isUploading}
              onClick={() => input && void upload(input)}
            >
              Upload and estimate
            </Button>
          )}
          <span className="soft small">
            {stage.kind === "uploaded"
              ? "Nothing runs until it is started."
              : "Nothing runs yet: you see what it takes first."}
          </span>
        </div>
      </div>
    </Page>
  );
}

async function planOf(fileId: string, endpoint: BatchEndpoint, signal: AbortSignal): Promise<PlanState> {
  try {
    const body = { input_file_id: fileId, endpoint };
    return {
      kind: "planned",
      plan: await callJson<BatchPlan>("/v1/batches/plan", { method: "POST", body, signal }),
    };
  } catch (error) {
    return { kind: "failed", error };
  }
}

interface Uploaded extends Pick<ReadyInput, "endpoint" | "title"> {
  readonly fileId: string;
}

function bodyOf(options: BatchOptions, input: Uploaded) {
  const name = options.name.trim() || input.title.slice(0, 512);
  return {
    ...{ input_file_id: input.fileId, endpoint: input.endpoint, completion_window: options.window },
    ...(name === "" ? {} : { metadata: { name } }),
    muster: {
      ...{ priority: options.priority, result_cache: options.isCached, provenance: options.hasProvenance },
    },
  };
}

function UploadMeter({ share, onStop }: { readonly share: number; readonly onStop: () => void }) {
  const words = share >= 1 ? "Waiting for the store" : `Uploading, ${percent(share)}`;
  return (
    <div className="row">
      <div className="grow stack">
        <Spinner label={words} />
        <Meter total={1} segments={[{ id: "sent", value: share }]} label={words} />
      </div>
      <Button onClick={onStop}>Stop</Button>
    </div>
  );
}
