import { certificatesOf } from "../facts/certificates.ts";
import type { ClusterAnswer, ClusterFacts } from "../facts/facts.ts";
import { toText } from "./text.ts";
import type { Verification } from "./verify.ts";

function certificateTexts(pem: string | undefined): string[] {
  return certificatesOf(pem).map(
    ({ subject, validFrom, validTo, fingerprint256 }) =>
      `${subject.replaceAll("\n", ", ")}; ${validFrom} to ${validTo}; ${fingerprint256}`,
  );
}

/** Long texts as a person reads them: certificates by name and date. */
function readable(facts: ClusterFacts): object {
  const { roots, issuer, config, webhooks, pods, ...rest } = facts;
  return {
    ...rest,
    config: config === undefined ? undefined : { ...config, anchors: certificateTexts(config.anchors) },
    roots: certificateTexts(roots),
    issuer: certificateTexts(issuer),
    webhooks: webhooks.map(({ authorities, certificate, ...webhook }) => ({
      ...webhook,
      authorities: certificateTexts(authorities),
      certificate: certificateTexts(certificate),
    })),
    pods: pods.map(({ proxy, ...pod }) => ({
      ...pod,
      proxy: proxy === undefined ? undefined : { ...proxy, anchors: certificateTexts(proxy.anchors) },
    })),
  };
}

/** What was found and what every cluster said, in Markdown, for whoever looks at it later. Nothing in it is secret. */
export function toReport(
  verification: Verification,
  answers: readonly ClusterAnswer[],
  seconds: number,
): string {
  const clusters = answers.map((answer) => [
    `## ${answer.name}`,
    "",
    "```json",
    JSON.stringify("facts" in answer ? readable(answer.facts) : { problem: answer.problem }, undefined, 2),
    "```",
    "",
  ]);
  return [
    `# The mesh ${verification.environment} at ${verification.time}`,
    "",
    "```text",
    toText(verification, seconds).trimEnd(),
    "```",
    "",
    ...clusters.flat(),
  ].join("\n");
}
