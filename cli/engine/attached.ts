import { spawn } from "node:child_process";

/** Runs a program on this terminal until it ends; its exit code. */
export function runAttached(
  file: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env: NodeJS.ProcessEnv },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args], { ...options, stdio: "inherit" });
    // Ctrl-C reaches the program too, which then stops at a point of its own; wait for it.
    const ignore = () => undefined;
    process.on("SIGINT", ignore);
    child.on("error", reject);
    child.on("exit", (code) => {
      process.off("SIGINT", ignore);
      resolve(code ?? 1);
    });
  });
}
