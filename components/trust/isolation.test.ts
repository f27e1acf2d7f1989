import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";
import { stringify } from "yaml";

import { parseSettings } from "../../settings/parse.ts";
import { certify } from "../../settings/test-certificates.ts";
import { configuration } from "../../settings/test-examples.ts";
import { isolationProblems } from "./isolation.ts";

const root = certify("one");
const other = certify("other");

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "isolation-"));
});

afterEach(() => rm(folder, { recursive: true }));

const settings = parseSettings(
  configuration({
    environment: "prod",
    trust: { anchor: { certificate: root.certificate, privateKey: root.privateKey } },
  }),
);

function write(stack: string, environment: string, anchor: object) {
  const config = { "mesh:environment": environment, "mesh:trust": { anchor } };
  return writeFile(path.join(folder, `Pulumi.${stack}.yaml`), stringify({ config }));
}

test("an anchor that another environment trusts too is refused, before anything is made", async () => {
  await write("prod", "prod", { certificate: root.certificate });
  await write("uat", "uat", { certificate: `${other.certificate}\n${root.certificate}` });
  expect(await isolationProblems(settings, folder)).toEqual([
    {
      path: "trust.anchor.certificate",
      value: "CN=one",
      problem: "is trusted in uat and in prod, which must not share trust",
      remedy: "give prod an anchor of its own, or let it make one by leaving this out",
    },
  ]);
});

test("stacks of the same environment may share it, and other environments have others", async () => {
  await write("prod-east", "prod", { certificate: root.certificate });
  await write("uat", "uat", { certificate: other.certificate });
  await write("dev", "dev", { certificate: { secure: "v1:encrypted" } });
  await writeFile(path.join(folder, "Pulumi.broken.yaml"), "config: [");
  await writeFile(path.join(folder, "Pulumi.yaml"), "name: mesh");
  expect(await isolationProblems(settings, folder)).toEqual([]);
});

test("anchors made here are nobody else's: no file is looked at", async () => {
  expect(await isolationProblems(parseSettings(configuration()), path.join(folder, "missing"))).toEqual([]);
});
