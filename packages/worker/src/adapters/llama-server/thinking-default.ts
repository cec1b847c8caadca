import { Template } from "@huggingface/jinja";

const variables = {
  messages: [{ role: "user", content: "Hello" }],
  add_generation_prompt: true,
  bos_token: "",
  eos_token: "",
  tools: null,
};

/**
 * Whether a chat template that is told nothing of thinking does without. llama-server tells every template to think
 * that can, where a request leaves it open; what a request leaves open is the template's to decide.
 */
export function isQuietByDefault(template: string): boolean {
  try {
    const compiled = new Template(template);
    const told = compiled.render({ ...variables, enable_thinking: false });
    return (
      compiled.render(variables) === told && compiled.render({ ...variables, enable_thinking: true }) !== told
    );
  } catch {
    // A template beyond this renderer: llama-server's own default stays.
    return false;
  }
}
