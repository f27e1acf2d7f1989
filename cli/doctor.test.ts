import { expect, test } from "vitest";

import { parseRequest } from "./doctor.ts";

test("a call of doctor names a stack", () => {
  expect(parseRequest(["sim", "--json"])).toEqual({ stack: "sim", json: true });
  expect(() => parseRequest([])).toThrow(/npm run doctor -- STACK/);
  expect(() => parseRequest(["sim", "uat"])).toThrow(/npm run doctor -- STACK/);
  expect(() => parseRequest(["sim", "--yaml"])).toThrow(/npm run doctor -- STACK/);
});
