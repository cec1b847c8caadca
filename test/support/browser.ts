import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { findChromium } from "../../tools/lib/chromium.mjs";
import type { AtEnd } from "../harness/cluster.ts";

const images = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const require = createRequire(import.meta.url);
const axeFile = require.resolve("axe-core/axe.min.js");
const launchMs = 60_000;
const actionMs = 20_000;

const program = findChromium();
if (program === undefined && process.env["CI"] === "true")
  throw new Error(
    "There is no Chromium, and on CI these tests must run: tools/lib/chromium.mjs installs one.",
  );

/** Undefined where a browser can be started, else why these tests cannot run here. */
export const noBrowser =
  program === undefined
    ? "there is no Chromium or Chrome: install one, or set MUSTER_CHROMIUM to its program"
    : undefined;
/** For the title of what is skipped. */
export const browserNote = noBrowser === undefined ? "" : ` (skipped, ${noBrowser})`;

export const widths = { desktop: 1280, phone: 390 } as const;

export interface PageOptions {
  readonly theme?: "light" | "dark";
  readonly width?: keyof typeof widths;
}

export interface TestPage {
  readonly page: Page;
  /** What must not have happened, so far. */
  faults(): readonly string[];
  /** Says that this will stand in the browser's console, and is no fault: a part of the line. */
  expectError(part: string | RegExp): void;
  /** What axe-core finds that people with a handicap trip over, of what is serious: one line each. */
  violations(): Promise<readonly string[]>;
  /** Writes docs/images/<name>.png, where MUSTER_SCREENSHOTS=1 asks for it. */
  screenshot(name: string): Promise<void>;
}

export interface TestBrowser {
  /**
   * A page of its own, with no cookies, at an address. At the end of the test it is closed, and the test fails if
   * something stood in the console, broke the page's policy, or went to another origin.
   */
  open(url: string, options?: PageOptions): Promise<TestPage>;
}

/** Starts a browser when the first page is opened; where there is none the caller has skipped its tests. */
export function startBrowser(atEnd: AtEnd): TestBrowser {
  let launching: Promise<Browser> | undefined;
  const launch = (): Promise<Browser> => {
    launching ??= chromium.launch({
      ...(program === undefined ? {} : { executablePath: program }),
      timeout: launchMs,
      // Chromium's own sandbox does not start as root.
      chromiumSandbox: process.getuid?.() !== 0,
      args: ["--disable-dev-shm-usage", "--disable-gpu", "--force-color-profile=srgb"],
    });
    return launching;
  };
  atEnd(async () => (await launching)?.close());
  return {
    async open(url, { theme = "light", width = "desktop" } = {}) {
      const context = await (await launch()).newContext({
        viewport: { width: widths[width], height: 800 },
        hasTouch: width === "phone",
        colorScheme: theme,
        reducedMotion: "reduce",
        locale: "en-GB",
        timezoneId: "Europe/Berlin",
        deviceScaleFactor: process.env["MUSTER_SCREENSHOTS"] === "1" ? 2 : 1,
      });
      context.setDefaultTimeout(actionMs);
      const page = await context.newPage();
      const watched = await watch(page, new URL(url).origin);
      onTestFinished(async () => {
        await context.close();
        watched.check();
      });
      await page.goto(url);
      return {
        page,
        faults: watched.faults,
        expectError: watched.expectError,
        violations: () => axeViolations(page),
        async screenshot(name) {
          if (process.env["MUSTER_SCREENSHOTS"] !== "1") return;
          await mkdir(images, { recursive: true });
          await page.screenshot({ path: join(images, `${name}.png`) });
        },
      };
    },
  };
}

/** Collects what must not happen on a page. */
async function watch(page: Page, origin: string) {
  const faults: string[] = [];
  const expected: (string | RegExp)[] = [];
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const { url } = message.location();
    // Who has not signed in is told so by a status, and Chromium writes each such status down.
    const isAskingWho = url.endsWith("/dashboard/v1/session") && message.text().includes("status of 401");
    if (!isAskingWho) faults.push(`console: ${message.text()} (${url})`);
  });
  page.on("pageerror", (error) => faults.push(`thrown: ${error.stack ?? error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const isOwn = url.origin === origin || url.protocol === "data:" || url.protocol === "blob:";
    if (!isOwn) faults.push(`request to ${url.origin}: ${url.href.slice(0, 200)}`);
  });
  await page.addInitScript({
    content: `document.addEventListener("securitypolicyviolation", (event) =>
      console.error("policy: " + event.effectiveDirective + " forbids " + event.blockedURI + event.sample))`,
  });
  return {
    faults: () => faults,
    expectError: (part: string | RegExp) => void expected.push(part),
    check(): void {
      const left = faults.filter(
        (fault) =>
          !expected.some((part) => (typeof part === "string" ? fault.includes(part) : part.test(fault))),
      );
      if (left.length > 0) throw new Error(`The page had faults:\n${left.join("\n")}`);
    },
  };
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
  }[];
}

async function axeViolations(page: Page): Promise<readonly string[]> {
  // Not as a script of the page: its policy forbids those.
  await page.evaluate(readFileSync(axeFile, "utf8"));
  const { violations } = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'] })",
  )) as AxeResults;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ target, failureSummary = "" }) =>
          `${id}: ${help} at ${target.join(" ")}: ${failureSummary.replace(/\s+/g, " ")}`,
      ),
    );
}
