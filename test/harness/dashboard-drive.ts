import type { Page } from "playwright-core";
import type { PageOptions, TestBrowser, TestPage } from "../support/browser.ts";

/** Of whoever drives the dashboard in tests: may do everything. */
export const operatorKey = "an-operator-key-0123456789";

export interface Drive extends TestPage {
  /** Shows a view by its address: `#/workers`. */
  goTo(view: string): Promise<void>;
}

/** Opens the dashboard and signs in, as a person does. */
export async function signedIn(
  browser: TestBrowser,
  url: string,
  { key = operatorKey, ...options }: PageOptions & { readonly key?: string } = {},
): Promise<Drive> {
  const opened = await browser.open(url, options);
  const { page } = opened;
  await signIn(page, key);
  return {
    ...opened,
    async goTo(view) {
      await page.goto(`${url}/#/${view}`);
      await page.getByRole("main").getByRole("heading").first().waitFor();
      // What is skeletons yet would be judged, or seen on a picture, instead of the view.
      await page.locator(".skeleton").first().waitFor({ state: "detached" });
    },
  };
}

export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel("Key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Views" }).filter({ visible: true }).waitFor();
}
