import * as command from "@pulumi/command";
import { expect, test } from "vitest";

import { record, types } from "../../tests/record.ts";
import { ClusterIdentity } from "./cluster-identity.ts";

test("is replaced with what can't change, and goes before the new one comes, with all that depends on it", async () => {
  const { graph } = await record(
    () => new ClusterIdentity("east", { fixed: ["image", 1] }, { provider: new command.Provider("command") }),
  );
  expect(graph.children()["east"]).toBe(types.command);
  expect(graph.named("east").inputs).toEqual({ triggers: ["image", 1] });
  expect(graph.named("east").deleteBeforeReplace).toBe(true);
});
