import { expect, test } from "vitest";

import { plain } from "../verify/text.ts";
import { finding } from "./finding.ts";
import { toText } from "./text.ts";

const fine = finding("this machine", "Node.js", "v24.1.0");

test("is one table, in which a place is named once, and a verdict", () => {
  expect(
    toText([fine, finding("this machine", "Pulumi", "3.2.1"), finding("east", "clock", "as here")], plain),
  ).toBe(
    [
      "   WHERE         WHAT     FOUND",
      "√  this machine  Node.js  v24.1.0",
      "√                Pulumi   3.2.1",
      "√  east          clock    as here",
      "",
      "Nothing stands in the way of npm run up.",
      "",
    ].join("\n"),
  );
});

test("has a way out for whatever isn't fine", () => {
  const text = toText(
    [
      fine,
      finding("east", "clock", "40 s behind", "set it"),
      finding("east", "kubectl", "not here", "get it", "warning"),
    ],
    plain,
  );
  expect(text).toContain("× east: clock: 40 s behind\n  -> set it\n");
  expect(text).toContain("‼ east: kubectl: not here\n  -> get it\n");
  expect(text).toMatch(/\n1 of these would stop npm run up, or break what it makes\.\n$/);
});
