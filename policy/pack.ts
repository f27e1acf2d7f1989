/** The rules that no stack may break; `npm run preview` and `up` check them. docs/policies.md says what they ask. */
import { PolicyPack } from "@pulumi/policy";

import { policies } from "./policies.ts";

new PolicyPack("linkerd-mesh", { policies: [...policies], enforcementLevel: "mandatory" });
