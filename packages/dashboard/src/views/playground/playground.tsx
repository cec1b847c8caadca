import type { List, Model } from "@muster/sdk";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { call } from "../../data/api.ts";
import { useJson } from "../../data/use-json.ts";
import { useSession } from "../../data/use-session.ts";
import { useStore } from "../../data/use-store.ts";
import { whole } from "../../format/numbers.ts";
import { Button, IconButton } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { Empty } from "../../parts/empty.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { Page } from "../../parts/page.tsx";
import { Panel } from "../../parts/panel.tsx";
import { ChatDesk, type ChatState } from "./chat-desk.ts";
import { chatRequestOf } from "./chat-request.ts";
import { type ChatSettings, problemsOf } from "./chat-settings.ts";
import { CodeDialog } from "./code-dialog.tsx";
import { Composer } from "./composer.tsx";
import { type Conversation, openTurn, type Question } from "./conversation.ts";
import { findChoice, firstChoice, type ModelChoices, modelChoicesOf } from "./model-choices.ts";
import { ModelPicker } from "./model-picker.tsx";
import { SettingsForm } from "./settings-form.tsx";
import { TurnView } from "./turn-view.tsx";
import "./playground.css";

/** One for the page: a conversation is there again after a look at another view. */
const desk = new ChatDesk({
  nowMs: () => performance.now(),
  send: (body, signal) => call("/v1/chat/completions", { method: "POST", body, signal }),
});

const modelsEveryMs = 15_000;
const all = (state: ChatState) => state;

export function PlaygroundView() {
  const { data, error, refresh } = useJson<List<Model>>("/v1/models", { everyMs: modelsEveryMs });
  const choices = useMemo(() => data && modelChoicesOf(data.data), [data]);
  if (choices === undefined)
    return (
      <Page title="Playground">
        {error === undefined ? <Skeleton /> : <ErrorNote error={error} onRetry={refresh} />}
      </Page>
    );
  return <Talk choices={choices} />;
}

function Talk({ choices }: { readonly choices: ModelChoices }) {
  const { conversation, settings, model: chosen, draft } = useStore(desk.store, all);
  const [opened, setOpened] = useState<"code" | "settings" | undefined>(undefined);
  const session = useSession();
  const model = chosen ?? firstChoice(choices)?.id;
  const choice = model === undefined ? undefined : findChoice(choices, model);
  const canThink = choice?.capabilities.includes("thinking") ?? false;
  const canSee = choice?.capabilities.includes("vision") ?? false;
  const problems = useMemo(() => problemsOf(settings), [settings]);
  const isAnswering = openTurn(conversation) !== undefined;
  const obstacle =
    model === undefined
      ? "There is no model that chats."
      : Object.keys(problems).length > 0
        ? "Look at the settings: something there cannot be sent."
        : undefined;

  const ask = useCallback(
    (question: Question, replaces?: number) => {
      if (model !== undefined && obstacle === undefined)
        void desk.ask({ question, model, canThink, replaces });
    },
    [model, canThink, obstacle],
  );
  const askAgain = useCallback((id: number, question: Question) => ask(question, id), [ask]);
  const change = (settings_: Partial<ChatSettings>) =>
    desk.change({ settings: { ...settings, ...settings_ } });
  const form = <SettingsForm settings={settings} problems={problems} canThink={canThink} onChange={change} />;

  const tools = (
    <>
      <ModelPicker choices={choices} chosen={model} onChoose={(id) => desk.change({ model: id })} />
      <span className="row">
        <span className="narrow-only">
          <IconButton kind="plain" label="Settings" icon="sliders" onClick={() => setOpened("settings")} />
        </span>
        <Button icon="file" disabled={obstacle !== undefined} onClick={() => setOpened("code")}>
          Code
        </Button>
        <Button icon="trash" disabled={conversation.turns.length === 0} onClick={() => desk.clear()}>
          Clear
        </Button>
      </span>
    </>
  );
  return (
    <Page title="Playground" tools={tools} isTall>
      <div className="playground">
        <div className="playground-talk">
          <Turns conversation={conversation} onAskAgain={askAgain} />
          <Composer
            draft={draft}
            onDraft={(text) => desk.change({ draft: text })}
            isAnswering={isAnswering}
            obstacle={obstacle}
            canSee={canSee}
            onAsk={ask}
            onStop={() => desk.stop()}
          />
        </div>
        <Panel title="Settings" className="playground-settings">
          {form}
        </Panel>
      </div>
      {opened === "settings" && (
        <Dialog title="Settings" kind="drawer" onClose={() => setOpened(undefined)}>
          {form}
        </Dialog>
      )}
      {opened === "code" && model !== undefined && (
        <CodeDialog
          request={codeRequest({ conversation, settings, model, canThink, draft })}
          isOpen={session.kind === "signed-in" && session.session.is_open}
          onClose={() => setOpened(undefined)}
        />
      )}
    </Page>
  );
}

/** What is being written, else what was asked last, else an example. */
function codeRequest(asked: ChatState & { readonly model: string; readonly canThink: boolean }) {
  const { conversation, draft, ...rest } = asked;
  const { turns } = conversation;
  const last = turns.at(-1);
  if (draft.trim() !== "" || last === undefined) {
    const question = { text: draft.trim() || "Why is the sky blue?", images: [] };
    return chatRequestOf({ ...rest, earlier: turns, question });
  }
  return chatRequestOf({ ...rest, earlier: turns.slice(0, -1), question: last.question });
}

interface TurnsProps {
  readonly conversation: Conversation;
  readonly onAskAgain: (id: number, question: Question) => void;
}

function Turns({ conversation, onAskAgain }: TurnsProps) {
  const { turns } = conversation;
  const scroller = useRef<HTMLDivElement>(null);
  useEndInSight(conversation, scroller);
  return (
    <div ref={scroller} className="playground-scroll" tabIndex={turns.length === 0 ? undefined : 0}>
      {turns.length === 0 ? (
        <Empty icon="playground" title="Ask your own machines something">
          Nothing of it leaves the office. The conversation is in the memory of this page alone: reload it,
          and it is gone.
        </Empty>
      ) : (
        <ol className="turns" aria-label="Conversation">
          {turns.map((turn) => (
            <TurnView key={turn.id} turn={turn} onAskAgain={onAskAgain} />
          ))}
        </ol>
      )}
      <p className="unseen" role="status">
        {endWords(conversation)}
      </p>
    </div>
  );
}

/** Said when an answer ends, not while it comes. */
function endWords({ turns }: Conversation): string {
  const answer = turns.at(-1)?.answer;
  if (answer?.state === "stopped") return "The answer was stopped.";
  if (answer?.state !== "done") return "";
  return `The answer is there: ${whole(answer.usage?.completion_tokens)} tokens.`;
}

const nearPx = 120;

/** Follows an answer down, but not from under somebody who has scrolled up to read. */
function useEndInSight(
  conversation: Conversation,
  scroller: { readonly current: HTMLDivElement | null },
): void {
  const last = useRef<{ readonly turn: number | undefined; readonly height: number }>({
    turn: undefined,
    height: 0,
  });
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const { scrollHeight, scrollTop, clientHeight } = element;
    const turn = conversation.turns.at(-1)?.id;
    // How far below the eye the end was before what has come since.
    const belowPx = last.current.height - scrollTop - clientHeight;
    if (turn !== last.current.turn || belowPx < nearPx) element.scrollTop = scrollHeight;
    last.current = { turn, height: scrollHeight };
  }, [conversation, scroller]);
}
