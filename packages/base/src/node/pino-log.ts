import { pino } from "pino";
import type { Log } from "../pure/log.ts";

export type LogLevel = "silent" | "error" | "warn" | "info" | "debug";

/** JSON lines on standard error (standard output belongs to what the user asked for). */
export function createPinoLog(options: { readonly level: LogLevel; readonly service: string }): Log {
  return pino(
    {
      level: options.level,
      base: { service: options.service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
