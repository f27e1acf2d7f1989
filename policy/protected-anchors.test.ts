import { expect, test } from "vitest";

import { protectedAnchors } from "./protected-anchors.ts";
import { resource, violations } from "./test-resources.ts";

const anchor = "mesh:trust:TrustAnchor";
const certificate = "tls:index/selfSignedCert:SelfSignedCert";

/** Two generations, the second of which signs, on a cluster that others made. */
function stack({ protect, source = "ExistingCluster" }: { protect: boolean; source?: string }) {
  const old = resource({ types: [anchor, certificate], name: "trust-anchor-certificate" });
  const parent = resource({ types: [anchor], name: "trust-anchor-2", protect });
  const signer = ["key", "certificate"].map((part) =>
    resource({ types: [anchor, certificate], name: `trust-anchor-2-${part}`, protect, parent }),
  );
  const issuer = resource({
    types: [
      "mesh:linkerd:Linkerd",
      "mesh:trust:ClusterIssuer",
      "tls:index/locallySignedCert:LocallySignedCert",
    ],
    name: "east-linkerd-issuer-certificate",
    propertyDependencies: { caCertPem: signer.slice(1), caPrivateKeyPem: signer.slice(0, 1) },
  });
  return [resource({ types: [`mesh:cluster:${source}`], name: "east" }), old, parent, ...signer, issuer];
}

test("an anchor that signs is to be protected, and one that signs no more need not be", async () => {
  expect(await violations(protectedAnchors, stack({ protect: true }))).toEqual([]);
});

test("an unprotected one is reported once", async () => {
  const found = await violations(protectedAnchors, stack({ protect: false }));
  expect(found).toEqual([expect.stringMatching(/^trust-anchor-2: Take protect: false out of mesh:trust/)]);
});

test("clusters that go with the stack take their trust along", async () => {
  expect(await violations(protectedAnchors, stack({ protect: false, source: "K3dCluster" }))).toEqual([]);
});
