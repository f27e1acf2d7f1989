import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";

import { expect, test } from "vitest";

const program = `
  import { setTimeout } from "node:timers/promises";
  import { runCommand, UsageError } from ${JSON.stringify(path.join(import.meta.dirname, "usage.ts"))};
  await runCommand(async ([action]) => {
    if (action === "misuse") throw new UsageError("Say what to do.");
    for (let line = 0; line < 20; line++) {
      process.stdout.write("a line\\n".repeat(10_000));
      await setTimeout(1);
    }
    process.stderr.write("the end");
    return 0;
  }, 2);
`;

async function run(action: string, { stopsReading = false } = {}) {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program, "--", "command", action]);
  if (stopsReading) child.stdout.once("data", () => child.stdout.destroy());
  else child.stdout.resume();
  const [[code], errors] = await Promise.all([once(child, "close") as Promise<[number]>, text(child.stderr)]);
  return { code, errors };
}

test("a command goes on to its end where nobody reads on", async () => {
  expect(await run("go", { stopsReading: true })).toEqual({ code: 0, errors: "the end" });
});

test("a call that can't be answered is one message", async () => {
  expect(await run("misuse")).toEqual({ code: 2, errors: "Say what to do.\n" });
});
