import type { LiveWorker } from "@muster/sdk";
import { useState } from "react";
import { hashOf } from "../../data/route.ts";
import { go } from "../../data/use-hash.ts";
import { useMay } from "../../data/use-session.ts";
import { Menu, type MenuEntry } from "../../parts/menu.tsx";
import { WorkerDialog, type WorkerQuestion } from "./worker-dialog.tsx";

/** What can be done with a worker. */
export function WorkerMenu({ worker }: { readonly worker: LiveWorker }) {
  const isAdmin = useMay("admin");
  const [question, setQuestion] = useState<WorkerQuestion | undefined>(undefined);
  const details: MenuEntry = {
    id: "details",
    label: "Details",
    icon: "info",
    onChoose: () => go(hashOf("workers", [worker.id])),
  };
  return (
    <>
      <Menu
        label={`More about ${worker.name}`}
        isSmall
        entries={
          isAdmin ? [details, { kind: "line", id: "line" }, ...actionsOf(worker, setQuestion)] : [details]
        }
      />
      {question !== undefined && (
        <WorkerDialog worker={worker} question={question} onClose={() => setQuestion(undefined)} />
      )}
    </>
  );
}

function actionsOf(worker: LiveWorker, ask: (question: WorkerQuestion) => void): MenuEntry[] {
  const isGone = worker.state === "lost";
  const isPaused = worker.availability.state === "paused";
  return [
    isPaused
      ? { id: "resume", label: "Resume", icon: "play", isDisabled: isGone, onChoose: () => ask("resume") }
      : { id: "pause", label: "Pause…", icon: "pause", isDisabled: isGone, onChoose: () => ask("pause") },
    {
      id: "drain",
      label: "Drain…",
      icon: "drain",
      isDisabled: isGone || worker.state === "draining",
      onChoose: () => ask("drain"),
    },
  ];
}
