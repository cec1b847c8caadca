import type { LiveWorker } from "@muster/sdk";
import { useState } from "react";
import { Confirm } from "../../parts/confirm.tsx";
import { toast } from "../../parts/toast.ts";
import { act, type WorkerAction } from "./worker-actions.ts";

export type WorkerQuestion = WorkerAction["kind"];

const pauses = [
  { id: "30", label: "30 minutes", seconds: 1_800 },
  { id: "120", label: "2 hours", seconds: 7_200 },
  { id: "open", label: "Until it is resumed", seconds: null },
] as const;

export interface WorkerDialogProps {
  readonly worker: Pick<LiveWorker, "id" | "name">;
  readonly question: WorkerQuestion;
  readonly onClose: () => void;
}

/** Asks before a machine is taken away from others, or given back to them. */
export function WorkerDialog({ worker: { id, name }, question, onClose }: WorkerDialogProps) {
  const [pause, setPause] = useState<(typeof pauses)[number]["id"]>("30");
  const run = async (action: WorkerAction, done: string) => {
    await act(id, action);
    toast(done);
  };
  switch (question) {
    case "drain":
      return (
        <Confirm
          title={`Drain ${name}?`}
          action="Drain"
          onClose={onClose}
          onConfirm={() => run({ kind: "drain" }, `${name} finishes what runs, and takes nothing new.`)}
        >
          It finishes what runs, takes nothing new, and stays so until it is started again. What waits goes to
          other machines.
        </Confirm>
      );
    case "pause":
      return (
        <Confirm
          title={`Pause ${name}?`}
          action="Pause"
          onClose={onClose}
          onConfirm={() =>
            run(
              { kind: "pause", seconds: pauses.find((one) => one.id === pause)?.seconds ?? null },
              `${name} is taken back for its owner.`,
            )
          }
        >
          <div className="stack">
            <p>
              Its GPUs are free for its owner within seconds. Lines of batches run elsewhere; answers that
              people read get ten seconds to end.
            </p>
            <fieldset className="radios">
              <legend className="field-label">For how long</legend>
              {pauses.map((one) => (
                <label key={one.id} className="radio">
                  <input
                    type="radio"
                    name="pause"
                    checked={pause === one.id}
                    onChange={() => setPause(one.id)}
                  />
                  {one.label}
                </label>
              ))}
            </fieldset>
          </div>
        </Confirm>
      );
    case "resume":
      return (
        <Confirm
          title={`Resume ${name}?`}
          action="Resume"
          onClose={onClose}
          onConfirm={() => run({ kind: "resume" }, `${name} is lent again as its owner's rule says.`)}
        >
          Its pause ends, and the rule of its owner counts again.
        </Confirm>
      );
    default:
      return question satisfies never;
  }
}
