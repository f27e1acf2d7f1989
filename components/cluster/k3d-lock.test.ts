import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { exclusively } from "./k3d-lock.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "mesh-lock-"));
  vi.stubEnv("TMPDIR", folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const file = () => path.join(folder, "mesh-test.lock");

test("two steps of one name run one after the other, of other names at once", async () => {
  const events: string[] = [];
  const step = (name: string) => async () => {
    events.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    events.push(`${name} ends`);
  };
  await Promise.all([
    exclusively("test", step("first")),
    exclusively("test", step("second")),
    exclusively("other", step("third")),
  ]);
  const ofOneName = events.filter((event) => !event.startsWith("third"));
  const [one, other] = ofOneName[0] === "first begins" ? ["first", "second"] : ["second", "first"];
  expect(ofOneName).toEqual([`${one} begins`, `${one} ends`, `${other} begins`, `${other} ends`]);
  expect(events.indexOf("third begins")).toBeLessThan(events.indexOf(`${one} ends`));
});

test("says who it is, gives the result and leaves nothing behind", async () => {
  const result = await exclusively("test", () => Promise.resolve(readFileSync(file(), "utf8")));
  expect(result).toBe(process.pid.toString());
  expect(existsSync(file())).toBe(false);
});

test("leaves nothing behind when the step fails", async () => {
  await expect(exclusively("test", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(file())).toBe(false);
});

test("doesn't wait for a process that is gone", async () => {
  const gone = execFileSync(process.execPath, ["--print", "process.pid"], { encoding: "utf8" });
  writeFileSync(file(), gone.trim());
  expect(await exclusively("test", () => Promise.resolve("done"))).toBe("done");
});
