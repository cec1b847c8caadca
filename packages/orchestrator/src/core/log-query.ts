import { type KeptLine, type LineLevel, logLevels } from "@muster/base";

/** A line, and who wrote it. */
export interface ShownLine extends KeptLine {
  /** `orchestrator`, or the name of a worker. */
  readonly source: string;
}

export interface LineFilter {
  /** This level and those above. */
  readonly level: LineLevel;
  readonly source?: string | undefined;
  /** The id of a request, or of its trace. */
  readonly request?: string | undefined;
}

export const ownSource = "orchestrator";

/** What lines of a worker are shown under; one that has our own name does not speak for us. */
export function sourceOf(workerName: string): string {
  return workerName === ownSource ? `worker:${workerName}` : workerName;
}

export function isWanted(line: ShownLine, { level, source, request }: LineFilter): boolean {
  if (logLevels.indexOf(line.level) < logLevels.indexOf(level)) return false;
  if (source !== undefined && line.source !== source) return false;
  return request === undefined || isAbout(line.fields, request);
}

/** Each choice of a request has its id with a number; the id of a line of a batch is that of its trace. */
function isAbout({ requestId, traceId }: KeptLine["fields"], request: string): boolean {
  if (traceId === request || (typeof traceId === "string" && `req-${traceId}` === request)) return true;
  if (typeof requestId !== "string" || !requestId.startsWith(request)) return false;
  return /^(-\d+)?$/.test(requestId.slice(request.length));
}
