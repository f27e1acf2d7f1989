/** The process that `ProgramHosts` starts: it runs a stack's program and its policies for one engine after another. */
import { deployStack } from "../../components/mesh/deploy-stack.ts";
import { answerRequests } from "./host-requests.ts";
import { serveProgram } from "./language-runtime.ts";

/** The policies, whose pack writes its port for the engine to read. */
async function servePolicies(): Promise<string> {
  const { log } = console;
  const port = new Promise<string>((resolve) => {
    console.log = resolve;
  });
  await import("../../policy/pack.ts");
  return port.finally(() => {
    console.log = log;
  });
}

const serving = serveProgram(deployStack, servePolicies());

answerRequests(async () => (await serving).address);
