import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { emojivotoServices } from "../../settings/emojivoto.ts";
import { mirrorName } from "../../settings/mirror.ts";
import type { EmojivotoSettings, ServiceSpec } from "../../settings/settings.ts";
import type { OrderedOptions } from "../options.ts";

export type EmojivotoPart = "web" | "emoji" | "voting" | "vote-bot";

interface Program {
  readonly image: string;
  readonly container: string;
  readonly command?: string[];
  readonly ports: ServiceSpec["ports"];
  readonly cpu: string;
  readonly environment: Readonly<Record<string, string>>;
}

const { web, emoji, voting } = emojivotoServices;

function programs({ namespace, web: webCluster }: EmojivotoSettings): Record<EmojivotoPart, Program> {
  const host = (service: string, port: number) => `${service}.${namespace}:${port.toString()}`;
  const server = { cpu: "100m", environment: { GRPC_PORT: "8080", PROM_PORT: "8801" } };
  return {
    web: {
      image: "emojivoto-web",
      container: web.name,
      ports: web.spec.ports,
      cpu: "100m",
      environment: {
        WEB_PORT: "8080",
        EMOJISVC_HOST: host(emoji.name, 8080),
        VOTINGSVC_HOST: host(voting.name, 8080),
        INDEX_BUNDLE: "dist/index_bundle.js",
      },
    },
    emoji: { ...server, image: "emojivoto-emoji-svc", container: emoji.name, ports: emoji.spec.ports },
    voting: { ...server, image: "emojivoto-voting-svc", container: voting.name, ports: voting.spec.ports },
    "vote-bot": {
      image: "emojivoto-web",
      container: "vote-bot",
      command: ["emojivoto-vote-bot"],
      ports: [],
      cpu: "10m",
      // It is beside the back ends, and votes on the page of the other cluster.
      environment: { WEB_HOST: host(mirrorName(web.name, webCluster), 80) },
    },
  };
}

/** The parts that call the other cluster. */
const callers: readonly EmojivotoPart[] = ["web", "vote-bot"];

/** Which parts are on which cluster, as in the book: `web` alone, and its back ends with the vote bot. */
export function emojivotoParts({ web: first, backends }: EmojivotoSettings): [string, EmojivotoPart[]][] {
  return [
    [first, ["web"]],
    [backends, ["emoji", "voting", "vote-bot"]],
  ];
}

/** The part's pods carry the label by which its Service selects them. */
function labelsOf(container: string, version: string): Record<string, string> {
  return { app: container, version };
}

export interface EmojivotoArgs {
  readonly emojivoto: EmojivotoSettings;
  readonly parts: readonly EmojivotoPart[];
}

/** The part of Linkerd's example application that is on one cluster, without its Services. */
export class Emojivoto extends pulumi.ComponentResource {
  /** The namespace, for what else is in it. */
  readonly namespace: k8s.core.v1.Namespace;

  private readonly name: string;
  private readonly args: EmojivotoArgs;

  constructor(name: string, args: EmojivotoArgs, opts: OrderedOptions) {
    const { emojivoto, parts } = args;
    super("mesh:emojivoto:Emojivoto", name, { parts }, opts);

    this.name = name;
    this.args = args;
    this.namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      { metadata: { name: emojivoto.namespace, annotations: { "linkerd.io/inject": "enabled" } } },
      // Pods get their proxies from the control plane: there are none before it runs.
      { parent: this, dependsOn: opts.dependsOn },
    );
  }

  /** Starts the parts; those that call the other cluster come after what it offers, which is made in between. */
  deploy(called: pulumi.Resource[]): void {
    const { emojivoto, parts } = this.args;
    const all = programs(emojivoto);
    for (const part of parts) this.deployPart(`${this.name}-${part}`, part, all[part], called);
    this.registerOutputs({});
  }

  private deployPart(name: string, part: EmojivotoPart, program: Program, called: pulumi.Resource[]): void {
    const { emojivoto } = this.args;
    const isCaller = callers.includes(part);
    const namespace = this.namespace.metadata.name;
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-service-account`,
      { metadata: { name: part, namespace } },
      { parent: this },
    );
    const labels = labelsOf(program.container, emojivoto.version);
    const container = {
      name: program.container,
      image: `${emojivoto.registry}/${program.image}:${emojivoto.version}`,
      ...(program.command === undefined ? {} : { command: program.command }),
      env: Object.entries(program.environment).map(([key, value]) => ({ name: key, value })),
      ports: program.ports.map(({ name: portName, targetPort }) => ({
        name: portName,
        containerPort: targetPort,
      })),
      resources: { requests: { cpu: program.cpu } },
    };
    new k8s.apps.v1.Deployment(
      `${name}-deployment`,
      {
        metadata: {
          name: part,
          namespace,
          labels: {
            "app.kubernetes.io/name": part,
            "app.kubernetes.io/part-of": "emojivoto",
            "app.kubernetes.io/version": emojivoto.version,
          },
        },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: {
            // A proxy that goes on calling a mirror keeps to how it was reached before; that of a new pod asks anew.
            metadata: { labels, ...(isCaller ? { annotations: { "mesh/calls-by": emojivoto.mode } } : {}) },
            spec: { serviceAccountName: account.metadata.name, containers: [container] },
          },
        },
      },
      { parent: this, dependsOn: isCaller ? called : [] },
    );
  }
}
