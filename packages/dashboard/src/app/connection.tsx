import { useLive } from "../data/use-live.ts";
import { Dot } from "../parts/badge.tsx";

const words = {
  connecting: { tone: "quiet", text: "Connecting…" },
  open: { tone: "good", text: "Live" },
  reconnecting: { tone: "warn", text: "Reconnecting…" },
} as const;

/** Whether what is shown is of now. */
export function Connection() {
  const connection = useLive((live) => live.connection);
  const { tone, text } = words[connection];
  return (
    <p className="connection" role="status">
      <Dot tone={tone} />
      {text}
      {connection === "reconnecting" && (
        <span className="unseen"> What is shown is the last that was known.</span>
      )}
    </p>
  );
}
