import type { ChatCompletionRequest } from "@muster/sdk";
import { useState } from "react";
import { Code } from "../../parts/code.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Segments } from "../../parts/tabs.tsx";
import { codeSample, type Language, languageNames, languages, withoutImages } from "./code-samples.ts";

interface CodeDialogProps {
  readonly request: ChatCompletionRequest;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

const choices = languages.map((id) => ({ id, label: languageNames[id] }));

/** The request of this page for a program of one's own. */
export function CodeDialog({ request, isOpen, onClose }: CodeDialogProps) {
  const [language, setLanguage] = useState<Language>("curl");
  const hasImages = request.messages.some(({ content }) => Array.isArray(content));
  const shown = withoutImages(request);
  return (
    <Dialog title="This conversation as code" kind="wide" onClose={onClose}>
      <div className="stack">
        <Segments
          label="Language"
          choices={choices}
          chosen={language}
          onChoose={(id) => setLanguage(languages.find((each) => each === id) ?? "curl")}
        />
        <Code text={codeSample(language, { request: shown, origin: location.origin, isOpen })} />
        <p className="soft small">
          {isOpen
            ? "Nobody needs a key here: only this machine is answered. "
            : "Put a key of your own in the place of YOUR_KEY. "}
          {hasImages && "Put your image in its place too. "}
          What you have not set is left to the model.
        </p>
      </div>
    </Dialog>
  );
}
