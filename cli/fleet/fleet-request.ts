import { availableParallelism, freemem } from "node:os";

/** What can be done with an environment in parts. */
export const actions = ["up", "preview", "refresh", "destroy"] as const;

export type Action = (typeof actions)[number];

/** What is asked for. */
export interface FleetRequest {
  readonly action: Action;
  readonly base: string;
  /** Stacks of parts; all of them unless they are named. */
  readonly only: readonly string[] | undefined;
  /** Whether parts are run that would find what their last update left. */
  readonly all: boolean;
  /** How many parts run at a time, as far as there is memory for them. */
  readonly parallel: number;
  /** Bytes. */
  readonly memory: number;
  /** Clusters that are gone for good: what is on them is dropped without asking them. */
  readonly forget: readonly string[];
  readonly skipPreview: boolean;
  /** Whether a refresh or a destroy only says what it would do. */
  readonly previewOnly: boolean;
}

/** Much of a run is waiting: for clusters, and for what runs on them. */
const runsPerProcessor = 2;

/** All parts, so many at a time as this machine has room for. */
export function defaults(): Omit<FleetRequest, "action" | "base"> {
  return {
    only: undefined,
    all: false,
    parallel: runsPerProcessor * availableParallelism(),
    memory: freemem(),
    forget: [],
    skipPreview: false,
    previewOnly: false,
  };
}

/** Whether it matters what the last updates went by: parts are passed over, or it is written down for the next run. */
export function compares({ action, all }: FleetRequest): boolean {
  return action === "up" || (action === "preview" && !all);
}
