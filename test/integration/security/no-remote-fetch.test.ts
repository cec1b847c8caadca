import { expect, it } from "vitest";
import { createBatchApi } from "../../harness/batch-api.ts";
import { chat, model, startCluster } from "../../harness/cluster.ts";
import { startTrap } from "../../harness/trap.ts";

/** Ways to name something that a careless service would go and get. */
const spellings = (port: number) => [
  `http://127.0.0.1:${port}/x.png`,
  `HTTP://127.0.0.1:${port}/x.png`,
  `https://127.0.0.1:${port}/x.png`,
  ` http://127.0.0.1:${port}/x.png`,
  `//127.0.0.1:${port}/x.png`,
  `http:127.0.0.1:${port}/x.png`,
  `http://user@127.0.0.1:${port}/x.png`,
  `http://2130706433:${port}/x.png`,
  `http://[::1]:${port}/x.png`,
  `ftp://127.0.0.1:${port}/x.png`,
  `data:text/uri-list;base64,${Buffer.from(`http://127.0.0.1:${port}/x.png`).toString("base64")}`,
  "http://169.254.169.254/latest/meta-data/",
  "file:///etc/passwd",
  "/etc/passwd",
  "",
];

const bodies = (url: string): readonly (readonly [path: string, body: object])[] => {
  const image = { type: "image_url", image_url: { url } };
  return [
    ["/v1/chat/completions", { model, messages: [{ role: "user", content: [image] }] }],
    ["/v1/chat/completions", { model, stream: true, messages: [{ role: "user", content: [image] }] }],
    [
      "/v1/responses",
      { model, input: [{ role: "user", content: [{ type: "input_image", image_url: url }] }] },
    ],
    ["/v1/responses", { model, input: [{ role: "user", content: [{ type: "input_file", file_url: url }] }] }],
    [
      "/v1/messages",
      {
        model,
        max_tokens: 5,
        messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url } }] }],
      },
    ],
  ];
};

it("is made for what a request names: it is refused, and nothing is connected to", async () => {
  const trap = await startTrap();
  const cluster = await startCluster();
  await cluster.worker("w1");
  for (const url of spellings(trap.port)) {
    for (const [path, body] of bodies(url)) {
      const answer = await cluster.post(path, body);
      const { error } = (await answer.json()) as { error: { message: string } };
      expect({ url, path, status: answer.status }).toEqual({ url, path, status: 400 });
      expect(error.message).not.toBe("");
    }
  }
  const named = await cluster.post("/v1/chat/completions", {
    model,
    messages: [
      { role: "user", content: [{ type: "image_url", image_url: { url: "https://example.org/x.png" } }] },
    ],
  });
  expect(await named.json()).toMatchObject({
    error: { message: expect.stringContaining("this service fetches nothing") },
  });
  expect(trap.caught()).toBe(0);
  expect((await cluster.post("/v1/chat/completions", chat("hello"))).status).toBe(200);
});

it("is made for the lines of a batch", async () => {
  const trap = await startTrap();
  const cluster = await startCluster();
  await cluster.worker("w1");
  const api = createBatchApi({ url: () => cluster.url });
  const lines = spellings(trap.port).map((url, at) =>
    JSON.stringify({
      custom_id: `c-${at}`,
      method: "POST",
      url: "/v1/chat/completions",
      body: { model, messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] },
    }),
  );
  const file = await api.upload(`${lines.join("\n")}\n`);
  const batch = await api.create(file.id);
  const failed = await api.untilState(batch.id, "failed");
  expect(failed.errors?.data).toHaveLength(lines.length);
  const asked = await cluster.post("/v1/batches", {
    ...{ input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" },
    muster: { webhook_url: `http://127.0.0.1:${trap.port}/` },
  });
  expect(asked.status).toBe(400);
  expect(trap.caught()).toBe(0);
});
