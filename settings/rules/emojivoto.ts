import { admits } from "../clients.ts";
import { emojivotoPath } from "../emojivoto.ts";
import type { Problem } from "../problem.ts";
import type { EmojivotoSettings, LinkSettings, Mode, Settings } from "../settings.ts";
import { identityOf } from "../topology.ts";

interface Owner {
  readonly path: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
}

export function isEmojivotos({ path }: Pick<Owner, "path">): boolean {
  return path === emojivotoPath;
}

/** What emojivoto brings has no line of its own in the stack file: its problems are told where it is switched on. */
export function toldOf(owner: Owner, problems: readonly Problem[], remedy: string): Problem[] {
  if (!isEmojivotos(owner)) return [...problems];
  const { cluster, namespace, name } = owner;
  return problems.map(({ problem }) => ({
    path: emojivotoPath,
    problem: `brings ${cluster}/${namespace}/${name}, which ${problem}`,
    remedy,
  }));
}

/** Who of emojivoto calls over which link. */
function callsOf({ web, backends }: EmojivotoSettings) {
  return [
    { source: web, target: backends, account: "web" },
    { source: backends, target: web, account: "vote-bot" },
  ];
}

type Call = ReturnType<typeof callsOf>[number];

function carriers({ source, target }: Call, mode: Mode, links: readonly LinkSettings[]): LinkSettings[] {
  return links.filter(
    (link) => link.source === source && link.target === target && link.carries.includes(mode),
  );
}

function linkProblems({ mode, ...emojivoto }: EmojivotoSettings, links: readonly LinkSettings[]): Problem[] {
  const calls = callsOf({ mode, ...emojivoto });
  const missing = calls.filter((call) => carriers(call, mode, links).length === 0);
  if (missing.length === 0) return [];
  const other = mode === "gateway" ? "pod-to-pod" : "gateway";
  const isOtherCarried = calls.every((call) => carriers(call, other, links).length > 0);
  const arrows = missing.map(({ source, target }) => `${source} -> ${target}`).join(" and ");
  const join = `let links.topology or links.pairs join ${emojivoto.web} and ${emojivoto.backends}, with ${mode} in carries`;
  return [
    {
      path: emojivotoPath,
      problem: `calls by ${mode} in both directions, but no link carries ${mode} ${arrows}`,
      remedy: isOtherCarried ? `${join}, or set emojivoto.mode to ${other}, which they carry` : join,
    },
  ];
}

/** A gateway admits whom any link to it names. */
function admissionProblems(emojivoto: EmojivotoSettings, { clusters, links }: Settings): Problem[] {
  const { mode, namespace } = emojivoto;
  if (mode !== "gateway") return [];
  return callsOf(emojivoto).flatMap(({ source, target, account }) => {
    const home = clusters.find(({ name }) => name === source);
    const gatewayLinks = links.filter((link) => link.target === target && link.carries.includes("gateway"));
    if (home === undefined || gatewayLinks.length === 0) return [];
    const identity = identityOf(home, namespace, account);
    if (gatewayLinks.some(({ clients }) => admits(clients, identity))) return [];
    return [
      {
        path: emojivotoPath,
        problem: `calls from ${source} as ${namespace}/${account}, which the gateway of ${target} doesn't admit`,
        remedy: `add ${namespace}/${account} to the clients of the link ${source} -> ${target}`,
      },
    ];
  });
}

/** What the links must do for emojivoto's parts to reach each other. */
export function emojivotoProblems(settings: Settings): Problem[] {
  const { emojivoto, links } = settings;
  if (emojivoto === undefined) return [];
  const unlinked = linkProblems(emojivoto, links);
  return unlinked.length > 0 ? unlinked : admissionProblems(emojivoto, settings);
}
