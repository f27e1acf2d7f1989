import { isUnknown } from "../settings/encrypted.ts";
import type { Problem } from "../settings/problem.ts";
import { parseBundle } from "../settings/rules/trust.ts";
import type { Settings } from "../settings/settings.ts";

/** A certificate that stands in Git: there, and not encrypted. */
function certificateProblems(path: string, certificate: string | undefined, what: string): Problem[] {
  if (certificate === undefined) {
    return [
      {
        path,
        problem: "is missing: whoever applies the manifests has no other way to know it",
        remedy: `give the certificate of ${what} as PEM text; its key stays where it is`,
      },
    ];
  }
  if (isUnknown(certificate)) {
    return [
      {
        path,
        problem: "is encrypted, but a certificate is public, and stands in the manifests",
        remedy: "set it without --secret",
      },
    ];
  }
  if (parseBundle(certificate).includes(undefined)) {
    return [{ path, problem: "can't be read as a certificate", remedy: "paste the certificate as PEM text" }];
  }
  return [];
}

/** What an update finds out by asking a cluster that is a link's target. */
function targetProblems({ clusters, links }: Settings): Problem[] {
  return clusters.flatMap(({ name, apiServer, gateway }) => {
    const incoming = links.filter(({ target }) => target === name);
    const problems: Problem[] = [];
    if (incoming.length > 0 && apiServer === undefined) {
      problems.push({
        path: `clusters.${name}.apiServer`,
        problem: "is missing, and no cluster is asked for it here",
        remedy:
          "write the address that pods of the other clusters reach, such as https://api.example.com:6443",
      });
    }
    if (incoming.some(({ carries }) => carries.includes("gateway")) && gateway.addresses.length === 0) {
      problems.push({
        path: `clusters.${name}.gateway.addresses`,
        problem: "is missing, and no load balancer is asked for it here",
        remedy: "reserve an address or a DNS name for the gateway's Service, and list it",
      });
    }
    return problems;
  });
}

function selectorProblems({ services }: Settings): Problem[] {
  return services
    .filter(({ clients, selector, spec, modes }) => {
      const isClosed = clients !== "any" && modes.some((mode) => mode !== "gateway");
      return isClosed && selector === undefined && spec === undefined;
    })
    .map(({ path, name }) => ({
      path: `${path}.selector`,
      problem: `is missing, and Service ${name} isn't asked which pods are to be closed`,
      remedy: "write the labels by which the Service selects its pods, such as { app: cart }",
    }));
}

/** What manifests need to know that an update finds out. */
export function manifestProblems(settings: Settings): Problem[] {
  const { manifests, trust } = settings;
  const missing: Problem[] =
    manifests === undefined
      ? [
          {
            path: "manifests",
            problem: "is missing: it says in which secret store the clusters find their secrets",
            remedy: "write a block with secrets.store.name, as docs/manifests.md shows",
          },
        ]
      : certificateProblems("manifests.webhookAuthority", manifests.webhookAuthority, "the webhooks' CA");
  return [
    ...missing,
    ...certificateProblems("trust.anchor.certificate", trust.givenAnchor?.certificate, "the trust anchor"),
    ...targetProblems(settings),
    ...selectorProblems(settings),
  ];
}
