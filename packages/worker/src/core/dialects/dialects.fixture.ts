/** Pieces of templates, written for the tests: what the families' templates are known by. */
export const templates = {
  gemma4: "{{ '<|turn>' + role }}{{ '<|tool_call>call:' + name }}<|channel>thought\n<channel|>",
  qwen3:
    "{% if tools %}<tools>{% endif %}{{ '<tool_call>\\n{\"name\": \"' + name }}{{ content.split('</think>') }}",
  hermes: '{{ "<tool_call>\\n{\\"name\\": <name>, \\"arguments\\": <object>}" }}',
  llama3: '{{ "<|start_header_id|>" }}{{ \'"parameters": \' }}',
  r1: "{{ content.split('</think>')[-1] }}{{ '<|Assistant|><think>\\n' }}",
  xmlCalls: '<tool_call><function={{ name }}>{"name"',
  gemma3: "{{ '<start_of_turn>' + role }}",
} as const;
