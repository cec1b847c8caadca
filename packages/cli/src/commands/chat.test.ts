import { describe, expect, it } from "vitest";
import { createTestIo, runCommand, type TestIo } from "../command-io.fixture.ts";
import { sendError, sendEvent, sendPieces, startOrchestrator } from "../orchestrator.fixture.ts";
import { chatCommand } from "./chat.ts";

const chat = (io: TestIo, ...args: string[]) => runCommand(io, chatCommand, args);

describe("muster chat with a prompt", () => {
  it("streams the answer of the only model, with the options it was given", async () => {
    const { url, chats } = await startOrchestrator({ models: ["tiny"] });
    const io = createTestIo();
    await chat(
      io,
      "Why",
      "is it?",
      "--url",
      url,
      "--system",
      "Be brief.",
      "--max-tokens",
      "9",
      "--temperature",
      "0",
    );
    expect(io.out()).toBe("Why is it?\n");
    expect(io.err()).toBe("");
    expect(io.exitCode()).toBe(0);
    expect(chats).toEqual([
      {
        model: "tiny",
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "Why is it?" },
        ],
        max_tokens: 9,
        temperature: 0,
        stream: true,
        stream_options: { include_usage: true },
      },
    ]);
  });

  it("shows what the model thinks on a terminal, and only the answer otherwise", async () => {
    const { url } = await startOrchestrator({
      models: ["tiny"],
      chat: (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        sendEvent(response, { choices: [{ index: 0, delta: { reasoning_content: "hmm" } }] });
        sendPieces(response, ["forty", "-two"]);
      },
    });
    const terminal = createTestIo({ isTty: true });
    await chat(terminal, "Why?", "--url", url);
    expect(terminal.out()).toMatch(/hmm[^\n]*\n\nforty-two\n$/);
    const pipe = createTestIo();
    await chat(pipe, "Why?", "--url", url);
    expect(pipe.out()).toBe("forty-two\n");
  });

  it("reads it from standard input, alone or in the place of -", async () => {
    const { url, chats } = await startOrchestrator({ models: ["tiny"] });
    const alone = createTestIo();
    alone.stdin.end("piped text\n");
    await chat(alone, "--url", url);
    expect(alone.out()).toBe("piped text\n");
    const within = createTestIo();
    within.stdin.end("the text\n");
    await chat(within, "--url", url, "Summarise:", "-");
    expect(chats[1]?.messages[0]?.content).toBe("Summarise: the text");
  });

  it("prints the whole answer as JSON", async () => {
    const { url, chats } = await startOrchestrator({ models: ["tiny"] });
    const io = createTestIo();
    await chat(io, "hello", "--json", "--url", url);
    expect(JSON.parse(io.out()).choices[0].message.content).toBe("hello");
    expect(chats[0]?.stream).toBe(false);
  });

  it("names the models where there are several, and takes the one that was chosen", async () => {
    const { url, chats } = await startOrchestrator({ models: ["tiny", "large"] });
    const io = createTestIo();
    await chat(io, "hello", "--url", url);
    expect(io.err()).toBe("muster: Several models are served: tiny, large. Choose one with --model.\n");
    expect(io.exitCode()).toBe(2);
    await chat(createTestIo(), "hello", "--url", url, "--model", "large");
    expect(chats[0]?.model).toBe("large");
  });

  it("ends with 1 where no model is served, with 2 without a prompt or with a number that cannot be", async () => {
    const { url } = await startOrchestrator({});
    const none = createTestIo();
    await chat(none, "hello", "--url", url);
    expect(none.err()).toMatch(/^muster: No model is served/);
    expect(none.exitCode()).toBe(1);
    const empty = createTestIo();
    empty.stdin.end(" \n");
    await chat(empty, "--url", url);
    expect(empty.err()).toMatch(/^muster: There is no prompt/);
    expect(empty.exitCode()).toBe(2);
    const wrong = createTestIo();
    await chat(wrong, "hello", "--max-tokens", "some");
    expect(wrong.exitCode()).toBe(2);
  });

  it("says that an answer was cut off, and shows who answered on a terminal", async () => {
    const { url } = await startOrchestrator({
      models: ["tiny"],
      chat: (response) => sendPieces(response, ["one ", "\u001b[2Jtwo"], "length"),
    });
    const piped = createTestIo();
    await chat(piped, "hello", "--url", url);
    expect(piped.out()).toBe("one \u001b[2Jtwo\n");
    expect(piped.err()).toMatch(/cut off/);
    const terminal = createTestIo({ isTty: true, env: { NO_COLOR: "1" } });
    await chat(terminal, "hello", "--url", url);
    expect(terminal.out()).toBe("one [2Jtwo\n");
    expect(terminal.err()).toMatch(
      /^\(desk-1, 2 tokens, [\d.]+ tokens\/s, first after .* in all, cut off: .*\)\n$/,
    );
  });

  it("says what broke in the middle of an answer", async () => {
    const { url } = await startOrchestrator({
      models: ["tiny"],
      chat: (response) => {
        sendPieces(response, ["half an"], "open");
        sendEvent(response, {
          error: { message: "The worker was lost.", type: "server_error", code: "worker_lost" },
        });
        response.end();
      },
    });
    const io = createTestIo();
    await chat(io, "hello", "--url", url);
    expect(io.out()).toBe("half an\n");
    expect(io.err()).toBe("muster: The worker was lost.\n  The answer above is not complete. Ask again.\n");
    expect(io.exitCode()).toBe(1);
  });

  it("stops the answer at Ctrl-C, closes its connection and ends with 130", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { url } = await startOrchestrator({
      models: ["tiny"],
      chat: (response) => {
        response.once("close", closed);
        sendPieces(response, ["endless"], "open");
      },
    });
    const io = createTestIo();
    const running = chat(io, "hello", "--url", url);
    await io.shows("endless");
    io.interrupt();
    await running;
    await gone;
    expect(io.out()).toBe("endless\n");
    expect(io.exitCode()).toBe(130);
  });
});

describe("muster chat on a terminal", () => {
  const terminal = () => createTestIo({ isTty: true, env: { NO_COLOR: "1" } });

  it("holds a conversation until /exit", async () => {
    const { url, chats } = await startOrchestrator({ models: ["tiny"] });
    const io = terminal();
    const running = chat(io, "--url", url, "--system", "Be brief.");
    await io.shows("> ");
    io.stdin.write("first\r");
    await io.shows("first\n");
    io.stdin.write("second\r/new\r/help\rthird\r/exit\r");
    await running;
    expect(io.exitCode()).toBe(0);
    expect(io.err()).toMatch(/^Talking to tiny\./);
    expect(io.out()).toContain("forget the conversation");
    expect(chats.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ["Be brief.", "first"],
      ["Be brief.", "first", "first", "second"],
      ["Be brief.", "third"],
    ]);
  });

  it("stops the answer at the first Ctrl-C, keeps what came, and leaves at the second", async () => {
    const { url, chats } = await startOrchestrator({
      models: ["tiny"],
      chat: (response, { messages }) =>
        messages.length === 1 ? sendPieces(response, ["unending"], "open") : sendPieces(response, ["done"]),
    });
    const io = terminal();
    const running = chat(io, "--url", url);
    await io.shows("> ");
    io.stdin.write("go\r");
    await io.shows("unending");
    io.stdin.write("\u0003");
    await io.shows("unending\n");
    io.stdin.write("on\r");
    await io.shows(/done.*> /s);
    expect(chats[1]?.messages.map(({ content }) => content)).toEqual(["go", "unending", "on"]);
    io.stdin.write("\u0003");
    await running;
    expect(io.exitCode()).toBe(130);
  });

  it("goes on after an answer that failed, and leaves at Ctrl-D", async () => {
    const { url, chats } = await startOrchestrator({
      models: ["tiny"],
      chat: (response, { messages }) =>
        messages.at(-1)?.content === "bad"
          ? sendError(response, 400, "context_length_exceeded", "It is too long.")
          : sendPieces(response, ["fine"]),
    });
    const io = terminal();
    const running = chat(io, "--url", url);
    await io.shows("> ");
    io.stdin.write("bad\rgood\r");
    await io.shows(/fine.*> /s);
    expect(io.err()).toContain("muster: It is too long.\n");
    expect(chats[1]?.messages).toEqual([{ role: "user", content: "good" }]);
    io.stdin.end("\u0004");
    await running;
    expect(io.exitCode()).toBe(0);
  });

  it("refuses --json without a prompt", async () => {
    const io = terminal();
    await chat(io, "--json");
    expect(io.exitCode()).toBe(2);
  });
});
