import type { NewApiKey } from "@muster/sdk";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Icon } from "../../parts/icon.tsx";

interface KeySecretProps {
  readonly made: NewApiKey;
  readonly isRotated: boolean;
  /** Nobody needed a key before it. */
  readonly isFirst: boolean;
  readonly onClose: () => void;
}

/** The text of a key: in the page while this is open, and nowhere else. */
export function KeySecret({ made, isRotated, isFirst, onClose }: KeySecretProps) {
  return (
    <Dialog
      title={isRotated ? `The new text of ${made.name}` : `The key ${made.name} is made`}
      isHeld
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
        {isFirst && <p className="soft small">{firstWords(made)}</p>}
      </div>
    </Dialog>
  );
}

function firstWords({ scopes }: NewApiKey): string {
  const all = "It is the first key: from now on everybody needs one. This page goes on with it.";
  if (scopes.includes("admin")) return all;
  return `${all} It may not administrate: for that, sign in with the operator’s key, in <data folder>/trust/admin.key on the orchestrator’s machine.`;
}
