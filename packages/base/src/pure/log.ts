export type LogFields = Readonly<Record<string, unknown>>;

/** Constant words plus fields, so that lines can be counted and searched. Never a prompt, an answer or a key. */
export interface Log {
  debug(fields: LogFields, words: string): void;
  info(fields: LogFields, words: string): void;
  warn(fields: LogFields, words: string): void;
  error(fields: LogFields, words: string): void;
  child(fields: LogFields): Log;
}

export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
