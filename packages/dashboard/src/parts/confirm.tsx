import { type ReactNode, useState } from "react";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { ErrorNote } from "./error-note.tsx";

export interface ConfirmProps {
  readonly title: string;
  /** What will happen. */
  readonly children: ReactNode;
  /** The verb on the button: `Drain`. */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Does it; what it throws is shown, and the question stays. */
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something is done that others notice. */
export function Confirm(props: ConfirmProps) {
  const { title, children, action, isDangerous = false, onConfirm, onClose } = props;
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);

  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onClose();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose} data-first={isDangerous ? "" : undefined}>
            Cancel
          </Button>
          <Button
            kind={isDangerous ? "danger-full" : "primary"}
            isBusy={isBusy}
            data-first={isDangerous ? undefined : ""}
            onClick={() => void confirm()}
          >
            {action}
          </Button>
        </>
      }
    >
      <div className="stack">
        <div className="soft">{children}</div>
        {error !== undefined && <ErrorNote error={error} />}
      </div>
    </Dialog>
  );
}
