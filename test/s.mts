import OpenAI from "openai";

const client = new OpenAI({ baseURL: "http://127.0.0.1:21780/v1", apiKey: "unused" });
const stream = await client.chat.completions.create({
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