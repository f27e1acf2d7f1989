import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * Puts a stand-in for helm first on the PATH. It fetches an empty archive, and renders each chart as one ConfigMap that
 * shows what it was called with.
 */
const program = `
import { mkdirSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
const [action, ...args] = process.argv.slice(2);
const flag = (name) => args[args.indexOf(name) + 1];
if (action === "pull") {
  mkdirSync(flag("--destination"), { recursive: true });
  writeFileSync(flag("--destination") + "/" + args[0] + "-" + flag("--version") + ".tgz", "");
} else {
  const values = await text(process.stdin);
  const late = [...new Set(values.match(/LATE-VALUE-[a-z-]+/g))].sort();
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: args[0], namespace: flag("--namespace"), annotations: { "pulumi.com/skipAwait": "true" } },
    data: { archive: args[1].split("/").at(-1), late: late.join(" "), kubernetes: flag("--kube-version") },
  };
  const gateway = { apiVersion: "policy.linkerd.io/v1alpha1", kind: "MeshTLSAuthentication",
    metadata: { name: "any-meshed", namespace: flag("--namespace") }, spec: { identities: ["*"] } };
  const definition = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: args[0] } };
  console.log("---\\n" + JSON.stringify(object) + "\\n---\\n# empty\\n---\\n" + JSON.stringify(definition));
  if (args[0] === "linkerd-multicluster") console.log("---\\n" + JSON.stringify(gateway));
}
`;

export async function useStandInHelm(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), "mesh-helm-"));
  await writeFile(path.join(folder, "helm.mjs"), program);
  const start = `#!/bin/sh\nexec ${process.execPath} ${path.join(folder, "helm.mjs")} "$@"\n`;
  await writeFile(path.join(folder, "helm"), start);
  await chmod(path.join(folder, "helm"), 0o755);
  process.env["PATH"] = `${folder}${path.delimiter}${process.env["PATH"] ?? ""}`;
  return () => rm(folder, { recursive: true });
}
