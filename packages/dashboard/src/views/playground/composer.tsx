import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useRef, useState } from "react";
import { Button, IconButton } from "../../parts/button.tsx";
import { classes } from "../../parts/classes.ts";
import { imageOf, imageTypes, maxImages } from "./chat-images.ts";
import type { Question } from "./conversation.ts";

export interface ComposerProps {
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly isAnswering: boolean;
  /** Why nothing can be asked now. */
  readonly obstacle: string | undefined;
  readonly canSee: boolean;
  readonly onAsk: (question: Question) => void;
  readonly onStop: () => void;
}

/** Where a question is written: Enter asks, Shift and Enter begin a line. */
export function Composer({ draft, onDraft, isAnswering, obstacle, canSee, onAsk, onStop }: ComposerProps) {
  const [images, setImages] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  const [isOver, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const isEmpty = draft.trim() === "" && images.length === 0;

  const addImages = async (files: readonly File[]) => {
    if (files.length === 0) return;
    if (!canSee) return setProblem("This model cannot see images. Choose one that is marked “sees”.");
    const taken = await Promise.all(files.slice(0, maxImages).map(imageOf));
    setProblem(taken.find((each) => each.kind === "refused")?.says);
    const urls = taken.flatMap((each) => (each.kind === "image" ? [each.url] : []));
    setImages((before) => [...before, ...urls].slice(0, maxImages));
  };
  const ask = () => {
    if (isEmpty || isAnswering || obstacle !== undefined) return;
    onAsk({ text: draft.trim(), images: canSee ? images : [] });
    onDraft("");
    setImages([]);
    setProblem(undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && isAnswering) onStop();
    // Whoever composes letters of another script ends a word with Enter.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    ask();
  };
  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files].filter(({ type }) => type.startsWith("image/"));
    if (files.length === 0) return;
    event.preventDefault();
    void addImages(files);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void addImages([...event.dataTransfer.files]);
  };

  const note = problem ?? obstacle;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra; the button below chooses files too.
    <div
      className={classes("composer", isOver && "composer-over")}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      {images.length > 0 && (
        <ul className="composer-images">
          {images.map((url, index) => (
            <li key={url.slice(-64)}>
              <img className="image-view" src={url} alt={`${index + 1}, to be sent`} />
              <IconButton
                label={`Leave out image ${index + 1}`}
                icon="close"
                isSmall
                kind="plain"
                onClick={() => setImages(images.filter((other) => other !== url))}
              />
            </li>
          ))}
        </ul>
      )}
      <textarea
        className="composer-text"
        aria-label="Your message"
        placeholder="Ask something"
        rows={1}
        value={draft}
        onChange={(event) => onDraft(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      <div className="composer-foot">
        {canSee && <IconButton label="Add an image" icon="plus" onClick={() => chooser.current?.click()} />}
        <input
          ref={chooser}
          type="file"
          accept={imageTypes.join(",")}
          multiple
          hidden
          onChange={(event) => {
            void addImages([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
        <p className={classes("composer-note", note !== undefined && "composer-problem")} role="status">
          {note ?? "Enter sends, Shift + Enter starts a new line"}
        </p>
        {isAnswering ? (
          <Button icon="stop" onClick={onStop}>
            Stop
          </Button>
        ) : (
          <Button kind="primary" icon="send" disabled={isEmpty || obstacle !== undefined} onClick={ask}>
            Send
          </Button>
        )}
      </div>
    </div>
  );
}
