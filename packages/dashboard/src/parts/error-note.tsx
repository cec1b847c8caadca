import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";

export interface ErrorNoteProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
}

/** What went wrong, in the server's own words. */
export function ErrorNote({ error, onRetry }: ErrorNoteProps) {
  return (
    <div className="error-note" role="alert">
      <Icon name="warning" />
      <p>{errorText(error)}</p>
      {onRetry !== undefined && (
        <Button isSmall onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** `fetch` throws a TypeError where there is no server. */
export function errorText(error: unknown): string {
  if (error instanceof TypeError) return "The orchestrator cannot be reached.";
  return error instanceof Error ? error.message : String(error);
}
