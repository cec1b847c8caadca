interface Asked<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers what is asked about each batch within one turn of the event loop, and asks it as one call: one call of
 * sixty lines costs both ends a fraction of sixty calls. `maxItems` bounds how long one call holds the store.
 */
export function gathered<Item, Answer>(
  ask: (batchId: string, items: readonly Item[]) => Promise<readonly Answer[]>,
  maxItems: number,
): (batchId: string, item: Item) => Promise<Answer> {
  const waiting = new Map<string, Asked<Item, Answer>[]>();

  const send = async (batchId: string, group: readonly Asked<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await ask(
        batchId,
        group.map(({ item }) => item),
      );
      for (const [index, answer] of answers.entries()) group[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  };

  const flush = (): void => {
    const groups = [...waiting];
    waiting.clear();
    for (const [batchId, all] of groups)
      for (let at = 0; at < all.length; at += maxItems) void send(batchId, all.slice(at, at + maxItems));
  };

  return (batchId, item) =>
    new Promise<Answer>((resolve, reject) => {
      if (waiting.size === 0) setImmediate(flush);
      const asked = { item, resolve, reject };
      const group = waiting.get(batchId);
      if (group === undefined) waiting.set(batchId, [asked]);
      else group.push(asked);
    });
}
