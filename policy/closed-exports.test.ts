import { expect, test } from "vitest";

import { closedExports } from "./closed-exports.ts";
import { resource, unknown, violations } from "./test-resources.ts";

const link = (spec: unknown) =>
  resource({
    types: ["mesh:link:Link", "kubernetes:multicluster.linkerd.io/v1alpha3:Link"],
    name: "link",
    props: { spec },
  });

const exported = (...modes: string[]) =>
  resource({ types: ["mesh:service:ExportedService"], name: "east/shop/cart", props: { modes } });

const authorization = resource({
  types: ["mesh:service:ServiceAuthorization"],
  name: "east/shop/cart-authorization",
});

test.each([
  ["selects what is marked", [link({ selector: { matchLabels: { "mirror.linkerd.io/exported": "true" } } })]],
  [
    "selects by an expression",
    [link({ selector: { matchExpressions: [{ key: "mirror.linkerd.io/exported", operator: "Exists" }] } })],
  ],
  ["has no selector, and exports nothing", [link({})]],
  ["isn't known yet", [link(unknown)]],
])("a link that %s passes", async (_, resources) => {
  expect(await violations(closedExports, resources)).toEqual([]);
});

test.each([
  ["an empty selector", { selector: {} }],
  ["a selector of other labels", { federatedServiceSelector: { matchLabels: { app: "cart" } } }],
  [
    "one for what isn't marked",
    {
      remoteDiscoverySelector: {
        matchExpressions: [{ key: "mirror.linkerd.io/x", operator: "DoesNotExist" }],
      },
    },
  ],
])("a link with %s is refused", async (_, spec) => {
  expect(await violations(closedExports, [link(spec)])).toEqual([
    "link: It takes every service: give its selectors a mirror.linkerd.io/ label.",
  ]);
});

test("a service that is called directly is closed, unless it only crosses by a gateway", async () => {
  expect(await violations(closedExports, [exported("pod-to-pod", "federated"), authorization])).toEqual([]);
  expect(await violations(closedExports, [exported("gateway")])).toEqual([]);
  expect(await violations(closedExports, [exported("gateway", "federated")])).toEqual([
    "east/shop/cart: Everyone may call its pods: name the clients in place of any, and its ports.",
  ]);
});
