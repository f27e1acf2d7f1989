/** What a host is asked before each engine starts. */
export interface HostRequest {
  /** All that the program may read of the environment: nothing of the last run's stays. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Its answer, when the engine may start. */
export interface HostAnswer {
  readonly address: string;
}

/** Answers the process that started this one, with what the engine is to connect to, and ends when that one does. */
export function answerRequests(address: () => Promise<string>): void {
  process.on("message", ({ environment }: HostRequest) => {
    for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, environment);
    void address().then((found) => process.send?.({ address: found } satisfies HostAnswer));
  });
  process.on("disconnect", () => process.exit());
  // They may be sent to everybody; the engine comes to its end in order, and needs the program for that.
  process.on("SIGINT", () => undefined).on("SIGTERM", () => undefined);
}
