import { execFile } from "node:child_process";

import { findProgram } from "../components/cluster/programs.ts";
import type { TestCluster } from "./clusters.ts";

const linkerd = findProgram("linkerd");

/** What a check of Linkerd's own program says, a line for each of its points: nothing where the program isn't here. */
export async function linkerdCheck(
  { kubeconfigPath }: TestCluster,
  command: "check" | "multicluster check",
): Promise<string[]> {
  if (linkerd === undefined) return [];
  const args = [...command.split(" "), "--kubeconfig", kubeconfigPath, "--wait=1s"];
  const output = await new Promise<string>((resolve) => {
    execFile(linkerd, args, { maxBuffer: 2 ** 24 }, (_error, stdout) => {
      resolve(stdout);
    });
  });
  // Each begins with its verdict, and the clusters that it is about follow.
  return output.match(/^[√‼×] .*(\n\t\* .*)*/gm) ?? [];
}
