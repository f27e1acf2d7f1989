/** Adds or removes IP routes in the node containers of a k3d cluster. */
import { isProgram, output, progress, required, runAction } from "./programs.ts";

interface Route {
  readonly network: string;
  readonly via: string;
}

function routesIn(text: string | undefined): Route[] {
  return text === undefined || text === "" ? [] : (JSON.parse(text) as Route[]);
}

function nodes(): string[] {
  return required("MESH_NODES").split(",");
}

/** The routes of `before` whose network `after` no longer has. */
export function obsolete(before: readonly Route[], after: readonly Route[]): Route[] {
  return before.filter(({ network }) => !after.some((route) => route.network === network));
}

async function addRoutes(): Promise<void> {
  const routes = routesIn(required("MESH_ROUTES"));
  for (const node of nodes()) {
    for (const { network, via } of routes) {
      await output("docker", ["exec", node, "ip", "route", "replace", network, "via", via]);
    }
  }
  // What is there now, for the next update to compare with.
  process.stdout.write(JSON.stringify(routes));
}

async function removeRoutes(routes: readonly Route[]): Promise<void> {
  for (const node of nodes()) {
    for (const { network } of routes) {
      try {
        await output("docker", ["exec", node, "ip", "route", "del", network]);
      } catch {
        progress(`${node} has no route to ${network} any more`);
      }
    }
  }
}

async function update(): Promise<void> {
  const before = routesIn(process.env["PULUMI_COMMAND_STDOUT"]);
  await removeRoutes(obsolete(before, routesIn(required("MESH_ROUTES"))));
  await addRoutes();
}

if (isProgram(import.meta.filename)) {
  await runAction({
    create: addRoutes,
    update,
    delete: () => removeRoutes(routesIn(required("MESH_ROUTES"))),
  });
}
