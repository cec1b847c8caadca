/** The machine is not lent for a while. */
export interface Pause {
  /** In Unix time; undefined: until it is taken back. */
  readonly untilMs: number | undefined;
}

/** Keeps a pause, so that a restart of the worker does not end it. What is written last counts. */
export interface PauseStore {
  /** Undefined: there is none. Never rejects: one that is there and cannot be read is without end. */
  read(): Promise<Pause | undefined>;
  write(pause: Pause | undefined): Promise<void>;
}
