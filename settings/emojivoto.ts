import { mirrorName } from "./mirror.ts";
import type { Problem } from "./problem.ts";
import type { ParsedSettings } from "./schema.ts";
import type { EmojivotoSettings, RouteSettings, ServiceSettings } from "./settings.ts";
import { unknownCluster } from "./topology.ts";

/** The example application as settings that a person could have written. */
export interface EmojivotoPlan {
  readonly emojivoto: EmojivotoSettings | undefined;
  readonly services: readonly ServiceSettings[];
  readonly routes: readonly RouteSettings[];
  readonly problems: readonly Problem[];
}

const grpcPorts = [
  { name: "grpc", port: 8080, targetPort: 8080 },
  { name: "prom", port: 8801, targetPort: 8801 },
];

/** Emojivoto's Services: upstream's names, pods and ports (emojivoto kustomize/deployment). */
export const emojivotoServices = {
  web: {
    name: "web-svc",
    spec: { selector: { app: "web-svc" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  },
  emoji: { name: "emoji-svc", spec: { selector: { app: "emoji-svc" }, ports: grpcPorts } },
  voting: { name: "voting-svc", spec: { selector: { app: "voting-svc" }, ports: grpcPorts } },
} as const;

/** Where `emoji` and `voting` are called. */
const grpcPort = 8080;

/** Where the stack file asks for all of it. */
export const emojivotoPath = "emojivoto";

type Identity = (cluster: string, serviceAccount: string) => string;

function plannedServices(emojivoto: EmojivotoSettings, identity: Identity): ServiceSettings[] {
  const { web, backends, mode, namespace } = emojivoto;
  const offered = [
    { cluster: web, definition: emojivotoServices.web, client: backends, account: "vote-bot" },
    { cluster: backends, definition: emojivotoServices.emoji, client: web, account: "web" },
    { cluster: backends, definition: emojivotoServices.voting, client: web, account: "web" },
  ];
  return offered.map(({ cluster, definition, client, account }) => ({
    path: emojivotoPath,
    cluster,
    namespace,
    name: definition.name,
    modes: [mode],
    headless: false,
    clients: mode === "gateway" ? [] : [{ cluster: client, identities: [identity(client, account)] }],
    ports: definition.spec.ports.map(({ port, targetPort }) => ({ port, targetPort, protocol: "unknown" })),
    circuitBreaking: undefined,
    selector: undefined,
    spec: definition.spec,
  }));
}

/** Examples 12-15 and 12-16 of the book: `web` calls its back ends by the names they had when they were beside it. */
function plannedRoutes({ web, backends, namespace }: EmojivotoSettings): RouteSettings[] {
  return [emojivotoServices.emoji, emojivotoServices.voting].map(({ name }) => ({
    path: emojivotoPath,
    cluster: web,
    namespace,
    service: name,
    name,
    port: grpcPort,
    placeholder: true,
    kind: "HTTPRoute",
    api: "gateway.networking.k8s.io",
    matches: [],
    backends: [
      {
        from: backends,
        origin: name,
        service: mirrorName(name, backends),
        port: grpcPort,
        weight: 100,
      },
    ],
    timeouts: { request: "5s" },
    retries: {},
    circuitBreaking: undefined,
  }));
}

/** Where emojivoto goes, and what that exports and routes. */
export function planEmojivoto(
  { enabled, web, backends, ...parsed }: ParsedSettings["emojivoto"],
  names: readonly string[],
  identity: Identity,
): EmojivotoPlan {
  const none = { emojivoto: undefined, services: [], routes: [] };
  if (!enabled) return { ...none, problems: [] };
  const first = web ?? names.find((name) => name !== backends);
  const second = backends ?? names.find((name) => name !== first);
  if (first === undefined || second === undefined) {
    const problem = "is split over two clusters, but this stack doesn't have two";
    return {
      ...none,
      problems: [{ path: emojivotoPath, problem, remedy: "add a cluster, or remove emojivoto" }],
    };
  }
  if (first === second) {
    const problem = "is the cluster of emojivoto.web too, but emojivoto is split over two";
    const remedy = "name another cluster, or leave both out";
    return { ...none, problems: [{ path: "emojivoto.backends", value: second, problem, remedy }] };
  }
  const unknown = [
    ...unknownCluster("emojivoto.web", first, names),
    ...unknownCluster("emojivoto.backends", second, names),
  ];
  if (unknown.length > 0) return { ...none, problems: unknown };
  const emojivoto = { ...parsed, web: first, backends: second };
  return {
    emojivoto,
    services: plannedServices(emojivoto, identity),
    routes: plannedRoutes(emojivoto),
    problems: [],
  };
}
