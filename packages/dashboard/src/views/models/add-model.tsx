import type { CatalogueModel } from "@muster/sdk";
import { type FormEvent, useId, useState } from "react";
import { callJson } from "../../data/api.ts";
import { hashOf } from "../../data/route.ts";
import { go } from "../../data/use-hash.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { TextInput } from "../../parts/field.tsx";
import { toast } from "../../parts/toast.ts";

export interface AddModelProps {
  readonly onClose: () => void;
  readonly onAdded: () => void;
}

/** A model of one's own, by the address of its file. */
export function AddModel({ onClose, onAdded }: AddModelProps) {
  const [uri, setUri] = useState("");
  const [id, setId] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const form = useId();

  const add = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const added = await callJson<CatalogueModel>("/cluster/v1/models", {
        method: "POST",
        body: { uri: uri.trim(), ...(id.trim() === "" ? {} : { id: id.trim() }) },
      });
      toast(`${added.title} can be asked for as ${added.id}.`);
      onAdded();
      onClose();
      go(hashOf("models", [added.id]));
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };

  return (
    <Dialog
      title="Add a model"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={form} kind="primary" isBusy={isBusy} disabled={uri.trim() === ""}>
            Add
          </Button>
        </>
      }
    >
      <form id={form} className="stack" onSubmit={(event) => void add(event)}>
        <TextInput
          label="Address of its GGUF file"
          placeholder="hf:owner/repo/model-Q4_K_M.gguf"
          isCode
          spellCheck={false}
          autoCapitalize="none"
          data-first=""
          value={uri}
          onText={setUri}
          help="On Hugging Face (hf:), an https: address, or a path on the orchestrator's machine. Only its head is read now; it is fetched when it is first asked for."
        />
        <TextInput
          label="Name (optional)"
          placeholder="taken from the file"
          isCode
          spellCheck={false}
          autoCapitalize="none"
          value={id}
          onText={setId}
          help="What requests call it."
        />
        {error !== undefined && <ErrorNote error={error} />}
      </form>
    </Dialog>
  );
}
