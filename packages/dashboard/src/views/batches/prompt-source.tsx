import type { List, Model } from "@muster/sdk";
import { useEffect, useMemo, useState } from "react";
import { useJson } from "../../data/use-json.ts";
import { count } from "../../format/numbers.ts";
import { Select, TextArea, TextInput } from "../../parts/field.tsx";
import type { ReadyInput } from "./batch-input.ts";
import { promptFile, promptsOf } from "./prompt-lines.ts";

/** Prompts that are pasted: the page makes requests of them. */
export function PromptSource({ onInput }: { readonly onInput: (input: ReadyInput | undefined) => void }) {
  const { data } = useJson<List<Model>>("/v1/models");
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const [system, setSystem] = useState("");
  const [maxTokens, setMaxTokens] = useState("");
  const options = useMemo(() => optionsOf(data?.data ?? []), [data]);
  const model = chosen ?? options[0]?.value;
  const prompts = useMemo(() => promptsOf(text), [text]);
  const limit = Number(maxTokens);
  const isLimitGood = maxTokens.trim() === "" || (Number.isInteger(limit) && limit >= 1);

  useEffect(() => {
    if (prompts.length === 0 || model === undefined || !isLimitGood) return onInput(undefined);
    const file = new Blob([promptFile({ text, model, system, maxTokens })], { type: "application/jsonl" });
    const title = count(prompts.length, "prompt");
    onInput({ file, name: "prompts.jsonl", endpoint: "/v1/chat/completions", title });
  }, [text, prompts, model, system, maxTokens, isLimitGood, onInput]);

  return (
    <div className="stack">
      <TextArea
        label="Prompts"
        help={prompts.length === 0 ? "Each line is a request of its own" : count(prompts.length, "request")}
        placeholder={"A fruit that is red?\nA fruit that is green?"}
        rows={8}
        value={text}
        onText={setText}
      />
      <div className="batch-options">
        <Select label="Model" value={model ?? ""} options={options} onValue={setChosen} />
        <TextInput
          label="Longest answer, in tokens"
          placeholder="Model’s own"
          inputMode="numeric"
          autoComplete="off"
          value={maxTokens}
          error={isLimitGood ? undefined : "Write a whole number from 1."}
          onText={setMaxTokens}
        />
      </div>
      <TextArea
        label="System text"
        help="What the model is told before each prompt; may be left empty"
        rows={2}
        value={system}
        onText={setSystem}
      />
    </div>
  );
}

function optionsOf(models: readonly Model[]) {
  return models
    .filter(({ capabilities }) => capabilities?.includes("chat") ?? false)
    .map(({ id, family, state }) => ({
      value: id,
      label: `${id}${family === true ? ", a family" : state === "available" ? ", loaded when asked" : ""}`,
    }));
}
