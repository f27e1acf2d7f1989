import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { findProgram } from "../components/cluster/programs.ts";
import { toPage } from "./page.ts";
import { service, topologyOf } from "./test-examples.ts";

const executablePath = ["chromium", "chromium-browser", "google-chrome"]
  .map(findProgram)
  .find((file) => file !== undefined);

/** In a real browser, where there is one; what the script does is also tested without. */
describe.skipIf(executablePath === undefined)("the page in a browser", { timeout: 60_000 }, () => {
  let folder: string;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];
  const requests: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "topology-"));
    const file = path.join(folder, "page.html");
    const services = [service("cluster7", "cart"), service("cluster9", "stock")];
    writeFileSync(file, await toPage(topologyOf(50, { links: { topology: "mesh" }, services })));
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: ["--no-sandbox"],
    });
    page = await browser.newPage({ colorScheme: "dark" });
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test("asks for nothing else, and has no error", () => {
    expect(requests).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  test("is dark where that is preferred", async () => {
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(14, 18, 23)");
    expect(await page.evaluate('getComputedStyle(document.querySelector(".page")).fill')).toBe(
      "rgb(14, 18, 23)",
    );
  });

  test("shows a cluster that is clicked, with the frame of its mesh", async () => {
    await page.locator('.box[data-cluster="cluster12"]').click();
    expect(await page.locator(".box.selected").getAttribute("data-cluster")).toBe("cluster12");
    expect(await page.locator(".frame.selected").count()).toBe(1);
    expect(await page.locator("#links tbody tr:visible").count()).toBe(49);
    await page.keyboard.press("Escape");
    expect(await page.locator(".box.selected").count()).toBe(0);
  });

  test("can be used with the keyboard alone", async () => {
    await page.locator("#search").focus();
    await page.keyboard.type("cart");
    expect(await page.locator("#services tbody tr:visible").count()).toBe(1);
    await page.keyboard.press("Escape");
    await page.locator('.box[data-cluster="cluster7"]').focus();
    await page.keyboard.press("Enter");
    expect(await page.locator("#details").innerText()).toContain("Exports: shop/cart (gateway)");
  });

  test("draws no text wider than was measured", async () => {
    const wide = await page.evaluate(`[...document.querySelectorAll(".box")].flatMap((box) => {
      const { right, bottom } = box.querySelector("rect").getBoundingClientRect();
      return [...box.querySelectorAll("text")].filter((text) => {
        const place = text.getBoundingClientRect();
        return place.right > right || place.bottom > bottom;
      }).map(({ textContent }) => textContent);
    })`);
    expect(wide).toEqual([]);
  });
});
