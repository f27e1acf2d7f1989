/** A call that can't be answered: one message, without a stack trace. */
export class UsageError extends Error {}

/** Runs a command with what it was called with; what it answers is the exit code, and `misused` that of a UsageError. */
export async function runCommand(
  main: (args: readonly string[]) => Promise<number>,
  misused = 1,
): Promise<void> {
  // Who reads along may stop before the end, as in `| head`; the run goes on.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message.trimEnd()}\n`);
    process.exitCode = misused;
  }
}
