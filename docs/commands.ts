/** The commands of the documentation, and which of them a test doesn't run, and why. */
import { readFile } from "node:fs/promises";
import path from "node:path";

import { Marked, type Token } from "marked";

import { chapters } from "./site.ts";

const root = path.resolve(import.meta.dirname, "..");

export interface Command {
  readonly page: string;
  /** As a shell takes it; one that goes on over several lines is one. */
  readonly text: string;
}

/** Code blocks, also those inside of lists and quotes. */
function shellBlocks(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token): string[] => {
    if (token.type === "code") return token.lang === "sh" ? [(token as { text: string }).text] : [];
    const { tokens: inner = [], items = [] } = token as { tokens?: Token[]; items?: Token[] };
    return shellBlocks([...inner, ...items]);
  });
}

/** A loop is one command; so is what goes on after a backslash. */
function commandsIn(block: string): string[] {
  if (/^for /m.test(block)) return [block];
  const lines = block.replaceAll(/\\\n\s*/g, "").split("\n");
  return lines.map((line) => line.replace(/ +# .*$/, "").trim()).filter((line) => line !== "");
}

/** Every command in a block of shell, page by page in the order of the site. */
export async function documentedCommands(): Promise<Command[]> {
  const pages = chapters.flatMap(([, list]) => list);
  const found = await Promise.all(
    pages.map(async (page) => {
      const tokens = new Marked().lexer(await readFile(path.join(root, page), "utf8"));
      return shellBlocks(tokens)
        .flatMap(commandsIn)
        .map((text) => ({ page, text }));
    }),
  );
  return found.flat();
}

/** Commands that the end-to-end test of the documentation doesn't run: by their beginning, with the reason. */
export const leftOut: readonly (readonly [beginning: string, reason: string])[] = [
  ["npm run check && npm test", "continuous integration runs it"],
  ["npm ci\nfor stack in", "needs a repository with a pull request"],
  ["npm ci", "continuous integration runs it first"],
  ["export PULUMI_BACKEND_URL=", "sets variables of the reader's own"],
  ["npm run adopt -- east-context", "names contexts of the reader's own; e2e/adoption.test.ts runs it"],
  ["npm run preview -- prod", "needs the reader's clusters; the same on sim is run"],
  ["npm run up -- prod", "needs the reader's clusters; the same on sim is run"],
  ["npm run fleet -- ", "needs a split environment; e2e/split.test.ts runs it"],
  ["npm run split -- prod", "needs the reader's clusters; e2e/split.test.ts splits"],
  ["npm run join -- prod", "needs the reader's clusters; e2e/split.test.ts joins"],
  ["npm install ../linkerd-mesh/", "is for a program elsewhere; e2e/package.test.ts has some"],
  ["npm run doctor -- prod", "needs the reader's clusters; doctor on sim is run"],
  [
    "npm run render -- prod",
    "needs the anchor's and the gateways' settings; e2e/manifests.test.ts renders and applies",
  ],
  ["step certificate create", "needs step, and an anchor of the reader's own"],
  ["vault kv put", "needs a Vault"],
  ["for step in manifests/prod", "needs the reader's clusters; e2e/manifests.test.ts applies such folders"],
  [
    "npm run --silent operator -- prod --backend s3://mesh-state --repository https://github.com/example/mesh --commit",
    "needs a repository with a commit; the same without one is run",
  ],
  ["kubectl create namespace mesh", "needs the cluster of the operator"],
  ["kubectl -n mesh create secret", "needs the cluster of the operator"],
  ["kubectl -n mesh create quota", "needs the cluster of the operator"],
  ["kubectl -n mesh annotate stack", "needs the cluster of the operator"],
  ["kubectl -n mesh delete stacks", "needs the cluster of the operator"],
  ["for kind in links multicluster", "needs the cluster of the operator"],
  ["npm run apply -- prod", "needs a reviewed pull request"],
  ["pulumi config set", "needs certificates of the reader's own"],
  ["git show HEAD:Pulumi.prod.yaml", "needs a repository with two commits"],
  ["npm run --silent topology -- prod --compare before.yaml", "compares with the file of the command before"],
  ["npm run bench", "wants a quiet machine for up to half an hour"],
  ["git diff --no-index", "ends with 1 where files differ, as they do"],
];
