import type { LiveReplica } from "@muster/sdk";
import { hueOf } from "../../data/hues.ts";
import { percent, short } from "../../format/numbers.ts";
import { Icon } from "../../parts/icon.tsx";
import { replicaStateWord } from "./words.ts";

/** The models on a worker: how many slots are used, how fast, what is wrong. */
export function ReplicaLines({ replicas }: { readonly replicas: readonly LiveReplica[] }) {
  return (
    <ul className="replica-lines">
      {replicas.map((replica) => (
        <li key={replica.id} className="replica-line">
          <span className="swatch" style={{ background: `var(${hueOf(replica.model)})` }} />
          <span className="one-line replica-model">{replica.model}</span>
          <ReplicaState replica={replica} />
        </li>
      ))}
    </ul>
  );
}

export function ReplicaState({ replica }: { readonly replica: LiveReplica }) {
  const { state, progress, problem, slots, slots_used: used, decode_tokens_per_second: speed } = replica;
  if (problem !== null) {
    return (
      <span className="replica-problem" data-tip={problem} aria-description={problem}>
        <Icon name="warning" />
        {replicaStateWord(state) ?? "held back"}
      </span>
    );
  }
  const word = replicaStateWord(state);
  if (word !== undefined) {
    return (
      <span className="replica-figures">{progress === null ? word : `${word} ${percent(progress)}`}</span>
    );
  }
  return (
    <span className="replica-figures">
      <span data-tip={`${used} of ${slots} slots are used`}>
        {used}/{slots}
      </span>
      {speed !== null && (
        <span data-tip="What one answer gets, measured lately">{short(speed)} tokens/s</span>
      )}
    </span>
  );
}
