/** What an assignment of a line is: which attempt it is, and who was given it. */
export interface AssignedAttempt {
  readonly attemptId: string;
  readonly epoch: number;
  readonly workerId: string;
}

/**
 * Proofs that a worker was assigned an attempt. A worker shows its ticket with a result that nobody waits for any more:
 * ids of batches can be known or guessed, tickets cannot. Every orchestrator knows those of the others.
 */
export interface LineTickets {
  issue(assigned: AssignedAttempt): string;
  /** In constant time. */
  isGenuine(ticket: string, assigned: AssignedAttempt): boolean;
}
