import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { describe, expect, test } from "vitest";

import { parseRequest as parseDoctor } from "../cli/doctor.ts";
import { parseRequest as parseExplain } from "../cli/explain.ts";
import { parseRequest as parseTopology } from "../cli/topology.ts";
import { parseRequest as parseVerify } from "../cli/verify.ts";
import packageJson from "../package.json" with { type: "json" };
import { chapters, makeSite } from "./site.ts";

const root = path.resolve(import.meta.dirname, "..");
const sources = chapters.flatMap(([, pages]) => pages);

describe("the site", () => {
  test("has a page for every text there is, and no link that leads nowhere", async () => {
    const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".md"));
    expect([...sources].sort()).toEqual(["README.md", ...files.map((name) => `docs/${name}`)].sort());
    const { dead, pages, copies } = await makeSite();
    expect(dead).toEqual([]);
    expect(pages.get("index.html")).toContain('<img src="files/docs/topology-dev.svg"');
    expect(copies.get("docs/topology-dev.svg")).toBe("files/docs/topology-dev.svg");
  });

  test.each([
    ["[one](nowhere.md)", "docs/tasks.md: nowhere.md: there is no docs/nowhere.md"],
    ["[one](trust.md#nothing)", "docs/tasks.md: trust.md#nothing: docs/trust.md has no heading of that name"],
    ["[one](#nothing)", "docs/tasks.md: #nothing: docs/tasks.md has no heading of that name"],
    ["![one](picture.svg)", "docs/tasks.md: picture.svg: there is no docs/picture.svg"],
  ])("%s leads nowhere", async (text, problem) => {
    const { dead } = await makeSite((source) =>
      Promise.resolve(
        source === "docs/tasks.md" ? `# Tasks\n\n${text}\n` : "# A page\n\n[who may come](#a-page)\n",
      ),
    );
    expect(dead).toEqual(expect.arrayContaining([problem]));
    expect(dead.every((one) => one.startsWith("docs/tasks.md"))).toBe(true);
  });
});

/** Arguments of every `npm run …` in code of the texts, by script. */
async function documentedCalls(): Promise<[script: string, args: string[]][]> {
  const texts = await Promise.all(sources.map((source) => readFile(path.join(root, source), "utf8")));
  const blocks = texts.flatMap((text) => [...text.matchAll(/```sh\n([\s\S]*?)```|`(npm run [^`]+)`/g)]);
  const lines = blocks.flatMap(([, block = "", inline = ""]) => `${block}\n${inline}`.split("\n"));
  return lines.flatMap((line) =>
    [...line.replace(/\s#.*$/, "").matchAll(/npm run (?:--silent )?([\w:-]+)((?: [^&|>;]+)?)/g)].map(
      ([, script = "", rest = ""]): [string, string[]] => [
        script,
        rest
          .replace(/^ --(?= |$)/, "")
          .trim()
          .split(/\s+/)
          .filter(Boolean),
      ],
    ),
  );
}

const parsers: Readonly<Record<string, (args: readonly string[]) => unknown>> = {
  doctor: parseDoctor,
  explain: parseExplain,
  topology: parseTopology,
  verify: parseVerify,
};

describe("commands in the texts", () => {
  test("are scripts that there are", async () => {
    const scripts = (await documentedCalls()).map(([script]) => script);
    expect(scripts.length).toBeGreaterThan(40);
    expect([...new Set(scripts)].filter((script) => !(script in packageJson.scripts))).toEqual([]);
  });

  test("are called as they want to be", async () => {
    for (const [script, args] of await documentedCalls()) {
      const parse = parsers[script];
      // A script that is only spoken of has no arguments.
      if (parse !== undefined && args.length > 0)
        expect(() => parse(args), `${script} ${args.join(" ")}`).not.toThrow();
    }
  });
});
