/** Why something failed, in one line; what a failed connection has to say is in its cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = (error.cause ?? error) as { code?: unknown };
  const line = error.message.split("\n")[0] ?? "";
  return typeof code === "string" && !line.includes(code) ? `${line} (${code})` : line;
}
