import type { Log, LogFields } from "@muster/base";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: LogFields;
  readonly text: string;
}

/** Keeps all that is logged. */
export function recordingLog(): { readonly log: Log; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const logOf = (always: LogFields): Log => {
    const at = (level: LogLine["level"]) => (fields: LogFields, text: string) =>
      void lines.push({ level, fields: { ...always, ...fields }, text });
    return {
      ...{ debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
      child: (fields) => logOf({ ...always, ...fields }),
    };
  };
  return { log: logOf({}), lines };
}
