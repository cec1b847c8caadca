import { Muster } from "@muster/sdk";

const muster = new Muster({ baseUrl: "http://127.0.0.1:21780" });
const stream = await muster.chat.completions.create({
  model: "tiny-gemma",
  messages: [
    {
      role: "user",
      content: "Name a film",
    },
  ],
  max_tokens: 200,
  response_format: {
    type: "json_schema",
    json_schema: {
      name: "answer",
      schema: {
        type: "object",
        properties: {
          title: {
            type: "string",
          },
          year: {
            type: "integer",
          },
        },
        required: [
          "title",
          "year",
        ],
      },
    },
  },
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
}