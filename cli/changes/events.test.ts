import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect, test } from "vitest";

import { withEvents } from "./events.ts";

test("what the engine has written is read, and is nowhere afterwards, also after a failure", async () => {
  let file = "";
  const { result, events } = await withEvents(async ([flag, name = ""]) => {
    expect(flag).toBe("--event-log");
    file = name;
    expect(((await stat(path.dirname(file))).mode & 0o777).toString(8)).toBe("700");
    await writeFile(file, '{"sequence":1}\n{"sequence":2}\n');
    return 7;
  });
  expect(result).toBe(7);
  expect(events).toEqual([{ sequence: 1 }, { sequence: 2 }]);
  await expect(readFile(file)).rejects.toThrow("ENOENT");
  const failing = withEvents(([, name = ""]) => {
    file = name;
    return Promise.reject(new Error("oops"));
  });
  await expect(failing).rejects.toThrow("oops");
  await expect(stat(path.dirname(file))).rejects.toThrow("ENOENT");
});

test.each([
  ["nothing", undefined],
  ["half of it", '{"sequence":'],
])("an engine that wrote %s told nothing", async (_, text) => {
  const { events } = await withEvents(async ([, file = ""]) => {
    if (text !== undefined) await writeFile(file, text);
  });
  expect(events).toEqual([]);
});
