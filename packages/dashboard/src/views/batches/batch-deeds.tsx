import type { Batch } from "@muster/sdk";
import { useState } from "react";
import { call } from "../../data/api.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { errorText } from "../../parts/error-note.tsx";
import { toast } from "../../parts/toast.ts";
import { isOver } from "./batch-words.ts";
import { batchPath } from "./paths.ts";

/** What can be done with a batch that is not over. */
export function Deeds({ batch, onChange }: { readonly batch: Batch; readonly onChange: () => void }) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const { status, muster } = batch;
  const post = (deed: string) => call(`${batchPath(batch.id)}/${deed}`, { method: "POST" });
  const halt = async () => {
    setBusy(true);
    try {
      await post(muster.paused ? "resume" : "pause");
      toast(muster.paused ? "The batch goes on." : "No further line is started.");
      onChange();
    } catch (error) {
      toast(errorText(error), "problem");
    } finally {
      setBusy(false);
    }
  };
  if (isOver(status)) return null;
  return (
    <>
      {status === "in_progress" && (
        <Button icon={muster.paused ? "play" : "pause"} isBusy={isBusy} onClick={() => void halt()}>
          {muster.paused ? "Resume" : "Pause"}
        </Button>
      )}
      {status !== "cancelling" && status !== "finalizing" && (
        <Button kind="danger" icon="stop" onClick={() => setAsking(true)}>
          Cancel
        </Button>
      )}
      {isAsking && (
        <Confirm
          title="Cancel this batch?"
          action="Cancel the batch"
          isDangerous
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await post("cancel");
            toast("The batch is being cancelled.");
            onChange();
          }}
        >
          Lines that are done stay done, and are in the output. The others never run. It cannot be taken up
          again.
        </Confirm>
      )}
    </>
  );
}
