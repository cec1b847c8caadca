import { type KeyboardEvent, memo, useState } from "react";
import { Button } from "../../parts/button.tsx";
import { AnswerView } from "./answer-view.tsx";
import type { Question, Turn } from "./conversation.ts";

interface TurnProps {
  readonly turn: Turn;
  readonly onAskAgain: (id: number, question: Question) => void;
}

/** A question and what came of it. */
export const TurnView = memo(function TurnView({ turn, onAskAgain }: TurnProps) {
  const { id, question, answer } = turn;
  const [isEditing, setEditing] = useState(false);
  return (
    <li className="turn">
      {isEditing ? (
        <QuestionEditor
          question={question}
          onCancel={() => setEditing(false)}
          onSend={(text) => onAskAgain(id, { ...question, text })}
        />
      ) : (
        <QuestionView question={question} onEdit={() => setEditing(true)} />
      )}
      <AnswerView answer={answer} onRetry={() => onAskAgain(id, question)} />
    </li>
  );
});

function QuestionView({ question, onEdit }: { readonly question: Question; readonly onEdit: () => void }) {
  return (
    <div className="question">
      <h2 className="unseen">You asked</h2>
      {question.images.map((url, index) => (
        <img key={url.slice(-64)} className="image-view" src={url} alt={`${index + 1}, sent`} />
      ))}
      <p>{question.text}</p>
      <Button kind="quiet" isSmall className="question-edit" onClick={onEdit}>
        Edit
      </Button>
    </div>
  );
}

interface EditorProps {
  readonly question: Question;
  readonly onCancel: () => void;
  readonly onSend: (text: string) => void;
}

function QuestionEditor({ question, onCancel, onSend }: EditorProps) {
  const [text, setText] = useState(question.text);
  const isEmpty = text.trim() === "" && question.images.length === 0;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onCancel();
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || isEmpty) return;
    event.preventDefault();
    onSend(text.trim());
  };
  return (
    <div className="question question-open">
      <textarea
        className="input"
        aria-label="Your question, to be sent anew"
        value={text}
        // biome-ignore lint/a11y/noAutofocus: the press on Edit asked for it.
        autoFocus
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div className="row">
        <span className="soft tiny grow">What came after it goes.</span>
        <Button isSmall onClick={onCancel}>
          Cancel
        </Button>
        <Button isSmall kind="primary" disabled={isEmpty} onClick={() => onSend(text.trim())}>
          Send anew
        </Button>
      </div>
    </div>
  );
}
