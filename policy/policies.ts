import type { ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";

import { certificateLifetimes } from "./certificate-lifetimes.ts";
import { closedExports } from "./closed-exports.ts";
import { closedGateways } from "./closed-gateways.ts";
import { keysInSecrets } from "./keys-in-secrets.ts";
import { ownCluster } from "./own-cluster.ts";
import { ownEnvironment } from "./own-environment.ts";
import { pinnedCharts } from "./pinned-charts.ts";
import { protectedAnchors } from "./protected-anchors.ts";

/** Those that look at one resource stop it before it is made; those that look at the stack, at the preview's end. */
export const policies: readonly (ResourceValidationPolicy | StackValidationPolicy)[] = [
  ownCluster,
  ownEnvironment,
  protectedAnchors,
  certificateLifetimes,
  keysInSecrets,
  closedGateways,
  closedExports,
  pinnedCharts,
];
