import type { NewApiKey } from "@muster/sdk";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Icon } from "../../parts/icon.tsx";

interface KeySecretProps {
  readonly made: NewApiKey;
  readonly isRotated: boolean;
  readonly onClose: () => void;
}

/** The text of a key: in the page while this is open, and nowhere else. */
export function KeySecret({ made, isRotated, onClose }: KeySecretProps) {
  return (
    <Dialog
      title={isRotated ? `The new text of ${made.name}` : `The key ${made.name} is made`}
      onClose={onClose}
      footer={
        <Button kind="primary" onClick={onClose}>
          I have kept it
        </Button>
      }
    >
      <div className="stack">
        <Code text={made.key} isWrapped />
        <p className="key-once">
          <Icon name="warning" />
          It is shown this once: only its hash is stored, and nobody can show it again. Put it where it is
          needed before you close this.
        </p>
      </div>
    </Dialog>
  );
}
