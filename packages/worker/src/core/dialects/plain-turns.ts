import type { ChatMessage } from "@muster/base";

/** The same chat for templates that refuse it as it is: each is plainer than the one before. */
export function plainerTurns(messages: readonly ChatMessage[]): readonly (readonly ChatMessage[])[] {
  const turns = joinNeighbours(withOneSystem(messages));
  const folded = joinNeighbours(foldSystemMessage(turns));
  return [turns, folded];
}

/** For templates that refuse a system message: what it says goes before what the user says first. */
export function foldSystemMessage(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const [system, first, ...rest] = messages;
  if (system?.role !== "system") return messages;
  if (first?.role === "user") return [join(system, first, "user"), ...rest];
  return [{ ...system, role: "user" }, ...messages.slice(1)];
}

/** Many templates want users and assistants to take turns. */
export function joinNeighbours(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const joined: ChatMessage[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last?.role !== message.role || message.role === "tool") joined.push(message);
    else joined[joined.length - 1] = join(last, message, message.role);
  }
  return joined;
}

/** A system message that comes later is said by the user: few templates have a place for it. */
function withOneSystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const others = messages.findIndex(({ role }) => role !== "system");
  return messages.map((message, place) =>
    message.role === "system" && others >= 0 && place > others ? { ...message, role: "user" } : message,
  );
}

function join(first: ChatMessage, second: ChatMessage, role: ChatMessage["role"]): ChatMessage {
  const gap = first.content === "" || second.content === "" ? "" : "\n\n";
  const shift = first.content.length + gap.length;
  const calls = [...(first.toolCalls ?? []), ...(second.toolCalls ?? [])];
  const media = [
    ...(first.media ?? []),
    ...(second.media ?? []).map((each) => ({ ...each, at: each.at + shift })),
  ];
  return {
    ...first,
    ...second,
    role,
    content: `${first.content}${gap}${second.content}`,
    ...(calls.length > 0 && { toolCalls: calls }),
    ...(media.length > 0 && { media }),
  };
}
