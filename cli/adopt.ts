/** `npm run adopt -- [--kubeconfig FILE] CONTEXT…`: prints the configuration that takes over what is there. */
import type { X509Certificate } from "node:crypto";

import { Document } from "yaml";

import { loadContext } from "../components/cluster/kubeconfig.ts";
import { isProgram } from "../components/cluster/programs.ts";
import { parseBundle } from "../settings/rules/trust.ts";
import type { Mode } from "../settings/settings.ts";
import { findInstallation, type FoundLink, type FoundService, type Installation } from "./found.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

/** A cluster name made of a context. */
function nameFrom(context: string): string {
  return context
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

/** How the others' Links call a cluster, by the CA of its API server; mirrors are named after that. */
function nameOf(installation: Installation, all: readonly Installation[]): string {
  const { authority, context } = installation;
  const links = all.filter((other) => other !== installation).flatMap((other) => other.links);
  const calling = links.find((link) => link.authority !== undefined && link.authority === authority);
  return calling?.target ?? nameFrom(context);
}

/** `2026.8.3` for `edge-26.8.3`: the version of the charts. */
export function chartVersionOf(version: string): string {
  const edge = /^edge-(?<year>\d\d)\.(?<rest>\d+\.\d+)$/.exec(version)?.groups;
  return edge === undefined
    ? version.replace(/^stable-/, "")
    : `20${edge["year"] ?? ""}.${edge["rest"] ?? ""}`;
}

/** Every anchor that one of the clusters trusts, once. */
export function mergedAnchors(bundles: readonly string[]): string {
  const anchors = bundles
    .flatMap(parseBundle)
    .filter((anchor): anchor is X509Certificate => anchor !== undefined);
  const once = new Map(anchors.map((anchor) => [anchor.fingerprint256, anchor.toString().trim()]));
  return [...once.values()].join("\n");
}

function oneOrList<T>(values: readonly T[]): T | readonly T[] {
  return values.length === 1 && values[0] !== undefined ? values[0] : values;
}

function clusterEntry(
  installation: Installation,
  path: string | undefined,
  incoming: readonly FoundLink[],
  mainVersion: string,
): Record<string, unknown> {
  const { gateway, podNetworks, serviceNetworks, trustDomain, clusterDomain, controlPlaneNamespace } =
    installation;
  const server = incoming.find((link) => link.server !== undefined)?.server;
  return {
    source: "existing",
    ...(installation.version === mainVersion ? {} : { version: chartVersionOf(installation.version) }),
    context: installation.context,
    ...(path === undefined ? {} : { kubeconfigPath: path }),
    adopt: true,
    ...(server === undefined ? {} : { apiServer: server }),
    ...(podNetworks.length === 0 ? {} : { podNetworks: oneOrList(podNetworks) }),
    ...(serviceNetworks.length === 0 ? {} : { serviceNetworks: oneOrList(serviceNetworks) }),
    ...(clusterDomain === "cluster.local" ? {} : { clusterDomain }),
    ...(trustDomain === clusterDomain ? {} : { trustDomain }),
    ...(controlPlaneNamespace === "linkerd" ? {} : { controlPlaneNamespace }),
    gateway:
      gateway === undefined
        ? { enabled: false }
        : {
            serviceType: gateway.serviceType,
            ...(gateway.port === undefined ? {} : { port: gateway.port }),
            ...(gateway.probePort === undefined ? {} : { probePort: gateway.probePort }),
          },
    issuer: { certificate: installation.issuer.certificate.trim() },
  };
}

function serviceEntry(cluster: string, service: FoundService): Record<string, unknown> {
  const isDirect = service.export.some((mode) => mode !== "gateway");
  return {
    cluster,
    namespace: service.namespace,
    name: service.name,
    export: oneOrList<Mode>(service.export),
    ...(service.headless ? { headless: true } : {}),
    ...(isDirect ? { clients: "any" } : {}),
  };
}

/** The configuration as it would stand in a stack file. */
export function configurationOf(
  installations: readonly Installation[],
  kubeconfigPath?: string,
): Record<string, unknown> {
  const names = new Map(installations.map((one) => [one, nameOf(one, installations)]));
  const all = installations.map((one) => ({ ...one, name: names.get(one) ?? "" }));
  const [first] = all;
  if (first === undefined) return {};
  const targets = new Set(all.map(({ name }) => name));
  const links = all.flatMap(({ name, links: found }) =>
    found.filter(({ target }) => targets.has(target)).map((link) => ({ source: name, ...link })),
  );
  return {
    "pulumi:disable-default-providers": ["*"],
    "mesh:environment": "prod",
    "mesh:linkerd": {
      version: chartVersionOf(first.version),
      highAvailability: all.some(({ highAvailability }) => highAvailability),
      viz: all.some(({ viz }) => viz),
      cni: all.some(({ cni }) => cni),
      gatewayApi: all.every(({ hasOwnGatewayApi }) => hasOwnGatewayApi !== false),
    },
    "mesh:trust": { anchor: { certificate: mergedAnchors(all.map(({ anchors }) => anchors)) } },
    "mesh:clusters": Object.fromEntries(
      all.map((one) => [
        one.name,
        clusterEntry(
          one,
          kubeconfigPath,
          links.filter(({ target }) => target === one.name),
          first.version,
        ),
      ]),
    ),
    "mesh:links": {
      ...(links.some(({ carries }) => carries.includes("gateway")) ? { clients: "any" } : {}),
      oneWay: links.map(({ source, target, carries }) => ({ source, target, carries })),
    },
    "mesh:services": all.flatMap(({ name, services }) => services.map((one) => serviceEntry(name, one))),
  };
}

/** What a person should know that no setting says. */
export function remarksOn(installations: readonly Installation[]): string[] {
  const versions = [...new Set(installations.map(({ version }) => version))];
  const known = installations.map((one) => nameOf(one, installations));
  const elsewhere = installations.flatMap(({ context, links }) =>
    links
      .filter(({ target }) => !known.includes(target))
      .map(
        ({ target }) =>
          `${context} is linked with ${target}: name its context too, or the link stays unmanaged.`,
      ),
  );
  return [
    "The name of a cluster is the one by which the others' Links call it: mirrors are named after it.",
    ...(versions.length > 1
      ? [`The clusters run different versions: ${versions.join(", ")}. See docs/upgrading.md.`]
      : []),
    ...elsewhere,
    "Traffic stays as open as it is: clients: any. Name who may come once the adoption is through.",
    "Values that Helm was given aren't here (helm get values): put what is to stay into linkerd.values; docs/adopting.md.",
  ];
}

function keyCommands(installations: readonly Installation[], path: string | undefined): string[] {
  const file = path === undefined ? "" : ` --kubeconfig ${path}`;
  return installations.map((one) => {
    const { context, controlPlaneNamespace, issuer } = one;
    const entry = `{{index .data "${issuer.keyEntry}" | base64decode}}`;
    return (
      `kubectl${file} --context ${context} -n ${controlPlaneNamespace} get secret linkerd-identity-issuer ` +
      `-o go-template='${entry}' \\\n  | npx pulumi config set --secret --path ` +
      `'mesh:clusters.${nameOf(one, installations)}.issuer.privateKey' --stack STACK`
    );
  });
}

function commented(lines: readonly string[]): string {
  return lines
    .flatMap((line) => line.split("\n"))
    .map((line) => `# ${line}`)
    .join("\n");
}

async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--kubeconfig");
  const path = at === -1 ? undefined : args[at + 1];
  const contexts = args.filter((_, index) => at === -1 || (index !== at && index !== at + 1));
  if (contexts.length === 0) throw new UsageError("Say which clusters: npm run adopt -- CONTEXT…");
  const installations: Installation[] = [];
  for (const context of contexts) {
    try {
      installations.push(await findInstallation(context, loadContext(context, path)));
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(
        `${context} can't be looked at: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  const document = new Document({ config: configurationOf(installations, path) });
  process.stdout.write(
    [
      commented(remarksOn(installations)),
      document.toString({ lineWidth: 120 }).trimEnd(),
      commented([
        "The issuers' keys are secrets. Save the above as Pulumi.STACK.yaml, then:",
        "npx pulumi stack select --create STACK",
        ...keyCommands(installations, path),
      ]),
      "",
    ].join("\n"),
  );
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main);
