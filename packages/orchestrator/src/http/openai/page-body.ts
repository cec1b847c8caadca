/** A page of a list as OpenAI's API has it. */
export function pageBody<T extends { readonly id: string }>(data: readonly T[], hasMore: boolean) {
  return {
    object: "list",
    data,
    has_more: hasMore,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}
