import type { Deployed } from "./deployed.ts";
import type { Problem } from "./problem.ts";
import type { Settings } from "./settings.ts";

/** Until then the pods behind a webhook may still answer with what their Secret held before. */
const takenWithin = 5 * 60_000;

function dropProblems(
  path: string,
  deployed: readonly string[],
  desired: readonly string[],
  signed: Date,
  now: Date,
): Problem[] {
  const current = deployed.at(-1);
  const value = desired.join(", ");
  if (current !== undefined && !desired.includes(current)) {
    return [
      {
        path,
        value,
        problem: `drops ${current}, which has signed the certificates that the webhooks answer with`,
        remedy: `list another one after ${current} first, and drop ${current} in an update after that`,
      },
    ];
  }
  const taken = new Date(signed.getTime() + takenWithin);
  if (taken <= now || deployed.every((id) => desired.includes(id))) return [];
  return [
    {
      path,
      value,
      problem: `drops ${deployed.slice(0, -1).join(", ")} before all webhooks answer with what ${current ?? ""} signed`,
      remedy: `try again after ${taken.toISOString()}`,
    },
  ];
}

/**
 * What would let an API server refuse its own webhooks: it must trust the CA of what they answer with now, and of what
 * they are to answer with. A CA that has expired may go at once.
 */
export function webhookProblems(
  { webhookAuthorities, webhooks, ends }: Deployed,
  { trust, clusters }: Pick<Settings, "trust" | "clusters">,
  now: Date,
): Problem[] {
  return clusters.flatMap(({ name }) => {
    const deployed = webhookAuthorities[name] ?? [];
    const end = new Date(ends.webhookAuthorities[name]?.[deployed.at(-1) ?? ""] ?? "");
    if (end <= now) return [];
    const desired = trust.webhookAuthorities[name] ?? ["1"];
    const path = `trust.webhookAuthorities.${name}`;
    return dropProblems(path, deployed, desired, new Date(webhooks[name]?.since ?? 0), now);
  });
}
