import type { Page } from "playwright-core";
import type { Drive } from "./dashboard-drive.ts";

export interface FileToRun {
  readonly name: string;
  readonly text: string;
}

/** Makes a batch of a file as a person does, and stays on its page. */
export async function startBatch({ page, goTo }: Drive, { name, text }: FileToRun): Promise<void> {
  await goTo("batches");
  await page
    .getByRole("link", { name: "New batch" })
    .or(page.getByRole("button", { name: "New batch" }))
    .first()
    .click();
  await page.locator("input[type=file]").setInputFiles({
    ...{ name: `${name}.jsonl`, mimeType: "application/jsonl", buffer: Buffer.from(text) },
  });
  await page.getByRole("button", { name: "Upload and estimate" }).click();
  await page.getByRole("button", { name: "Start the batch" }).click();
  await page.getByRole("heading", { name }).waitFor();
}

/** How a batch's page says how far it is: `12 of 40 lines`. */
export const linesDone = (page: Page, of: number) => page.getByText(new RegExp(`^\\d+ of ${of} lines$`));

/** Waits until some lines are done and some are not, and says how many are. */
export async function someLinesDone(page: Page, of: number): Promise<number> {
  const part = page.getByText(new RegExp(`^(?!0 of|${of} of)\\d+ of ${of} lines$`));
  return Number.parseInt((await part.textContent()) ?? "", 10);
}
