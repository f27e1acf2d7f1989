import type { ClusterFacts } from "../facts/facts.ts";
import type { Deployed } from "../settings/deployed.ts";
import type { ClusterSettings, LinkSettings, Settings } from "../settings/settings.ts";

/** What the checks compare: what the stack asks for, and what its clusters say. */
export interface Mesh {
  readonly settings: Settings;
  readonly deployed: Deployed;
  /** API servers as other clusters reach them, by cluster, as the last update left them. */
  readonly apiServers: Readonly<Record<string, string>>;
  /** Of the clusters that answered, by name. */
  readonly clusters: ReadonlyMap<string, ClusterFacts>;
}

export interface ClusterView {
  readonly settings: ClusterSettings;
  readonly facts: ClusterFacts;
  readonly mesh: Mesh;
}

interface LinkEnds {
  readonly link: LinkSettings;
  readonly from: ClusterSettings;
  readonly to: ClusterSettings;
  readonly source: ClusterFacts;
  readonly mesh: Mesh;
}

/** One direction of a link, of which both clusters answered. */
export interface LinkView extends LinkEnds {
  readonly target: ClusterFacts;
}

/** One whose target may not have answered. */
export interface SourceView extends LinkEnds {
  readonly target: ClusterFacts | undefined;
}

/** What is wrong, in one sentence; `cause` and `fix` where they are more exact than the check's own. */
export interface Trouble {
  readonly problem: string;
  readonly cause?: string;
  readonly fix?: string;
  /** Nothing is broken yet. */
  readonly isWarning?: boolean;
}

/** What a check found; nothing where all is well. */
export type Judgement = readonly Trouble[] | { readonly skipped: string };

interface CheckText {
  /** Stays the same for good: people search for it. */
  readonly id: string;
  /** What holds when nothing is found. */
  readonly holds: string;
  /** Most often why it doesn't. */
  readonly cause: string;
  readonly fix: string;
  /**
   * Checks of the same subject without which this one says nothing new: it is left out where one of them failed. A link
   * names those of its clusters as `source:…` and `target:…`.
   */
  readonly after?: readonly string[];
}

export interface ClusterCheck extends CheckText {
  readonly judge: (view: ClusterView) => Judgement;
}

/** A check of the source's side only. */
export interface SourceCheck extends CheckText {
  readonly side: "source";
  readonly judge: (view: SourceView) => Judgement;
}

/** A check that compares both sides. */
export interface BothCheck extends CheckText {
  readonly side: "both";
  readonly judge: (view: LinkView) => Judgement;
}

export type LinkCheck = SourceCheck | BothCheck;

/** Why something that needs running pods can't be judged. */
export const simulatedPods = "pods are simulated, so nothing runs in them";

/** Commands in causes and fixes: STACK, CLUSTER and TARGET stand for the names of what is judged. */
export const restore = "npm run up -- STACK --refresh";
export const onCluster = "npm run kubectl -- STACK CLUSTER";
export const restartController = `${onCluster} -n linkerd-multicluster rollout restart deployment controller-TARGET`;
