import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** A version is written in both ways in a chart. */
function spellings(version: string): [chart: string, linkerd: string] {
  return [version, `edge-${version.slice(2)}`];
}

/**
 * A folder with the charts of one version, and the same ones under the name of another: what an upgrade does can be seen
 * where only one version is at hand.
 */
export async function withAnotherVersion(
  charts: string,
  version: string,
  another: string,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const archive of (await readdir(charts)).filter((file) => file.endsWith(`-${version}.tgz`))) {
    await cp(path.join(charts, archive), path.join(folder, archive));
    const unpacked = path.join(folder, "unpacked");
    await mkdir(unpacked);
    execFileSync("tar", ["-xzf", path.join(charts, archive), "-C", unpacked]);
    for (const entry of await readdir(unpacked, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = path.join(entry.parentPath, entry.name);
      const [[chart, linkerd], [newChart, newLinkerd]] = [spellings(version), spellings(another)];
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replaceAll(chart, newChart).replaceAll(linkerd, newLinkerd));
    }
    const renamed = archive.replace(version, another);
    execFileSync("tar", ["-czf", path.join(folder, renamed), "-C", unpacked, ...(await readdir(unpacked))]);
    await rm(unpacked, { recursive: true });
  }
}
