// @ts-check
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

// Rules for Pulumi's own mistakes: no lint preset knows what an Output is.
const pulumiMistakes = [
  {
    selector:
      "CallExpression[callee.property.name='apply'] NewExpression[callee.property.name=/^(?!.*Error$)[A-Z]/]",
    message: "A resource created inside apply is missing from previews: decide with plain values instead.",
  },
  {
    selector: "CallExpression[callee.object.name='JSON'][callee.property.name='stringify']",
    message: "JSON.stringify prints an Output as [object Object]: use pulumi.jsonStringify.",
  },
];

export default defineConfig(
  { ignores: ["node_modules/", ".state/", "tools/bin/", "bench/results/", "dist/"] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // The Kubernetes client's models are generated classes that stand for plain objects.
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["index.ts", "components/**/*.ts"],
    ignores: ["**/*.test.ts", "**/*.command.ts", "**/*-stand-ins.ts"],
    rules: { "no-restricted-syntax": ["error", ...pulumiMistakes] },
  },
  { files: ["**/*.mjs"], ...tseslint.configs.disableTypeChecked },
);
