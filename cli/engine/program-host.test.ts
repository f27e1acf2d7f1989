import * as grpc from "@grpc/grpc-js";
import analyzerServices from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzer, { type AnalyzerInfo, type AnalyzeResponse } from "@pulumi/pulumi/proto/analyzer_pb.js";
import languageServices from "@pulumi/pulumi/proto/language_grpc_pb.js";
import language, { type RunPluginResponse } from "@pulumi/pulumi/proto/language_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { expect, test } from "vitest";

import { policies } from "../../policy/policies.ts";
import { ProgramHosts } from "./program-hosts.ts";

/** Where the engine would find the policies. */
function policyPort(address: string): Promise<string> {
  const client = new languageServices.LanguageRuntimeClient(address, grpc.credentials.createInsecure());
  const call = client.runPlugin(new language.RunPluginRequest());
  return new Promise((resolve, reject) => {
    call.on("error", reject);
    call.on("data", (response: RunPluginResponse) => {
      resolve(Buffer.from(response.getStdout_asU8()).toString().trim());
      call.removeListener("error", reject);
      call.on("error", () => {
        client.close();
      });
      call.cancel();
    });
  });
}

/** Asks the policies what the engine asks them. */
async function askPolicies(address: string): Promise<{ info: AnalyzerInfo; violations: string[] }> {
  const port = await policyPort(address);
  const client = new analyzerServices.AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const answered = <T>(ask: (answer: (error: grpc.ServiceError | null, response: T) => void) => unknown) =>
    new Promise<T>((resolve, reject) => {
      ask((error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
  const info = await answered<AnalyzerInfo>((answer) => client.getAnalyzerInfo(new empty.Empty(), answer));
  const request = new analyzer.AnalyzeRequest();
  request.setType("tls:index/locallySignedCert:LocallySignedCert");
  request.setUrn(
    "urn:pulumi:x::mesh::mesh:trust:ClusterIssuer$tls:index/locallySignedCert:LocallySignedCert::a",
  );
  request.setOptions(new analyzer.AnalyzerResourceOptions());
  request.setProperties(structs.Struct.fromJavaScript({ validityPeriodHours: 9_000 }));
  const analyzed = await answered<AnalyzeResponse>((answer) => client.analyze(request, answer));
  client.close();
  return { info, violations: analyzed.getDiagnosticsList().map((one) => one.getMessage()) };
}

test(
  "the process that runs the program runs the policies, as mandatory as ever",
  { timeout: 60_000 },
  async () => {
    const asked: Awaited<ReturnType<typeof askPolicies>>[] = [];
    const { LINKERD_CHARTS_DIR: _, ...environment } = process.env;
    // An engine that fails, so that the process ends.
    await new ProgramHosts().with(environment, async ([, address = ""]) => {
      asked.push(await askPolicies(address));
      return 1;
    });
    const [{ info, violations } = { info: new analyzer.AnalyzerInfo(), violations: [] }] = asked;
    expect(info.getPoliciesList().map((policy) => policy.getName())).toEqual(
      policies.map(({ name }) => name),
    );
    expect(new Set(info.getPoliciesList().map((policy) => policy.getEnforcementlevel()))).toEqual(
      new Set([analyzer.EnforcementLevel.MANDATORY]),
    );
    expect(violations).toEqual([expect.stringContaining("It is valid for 9000 hours, and 8760 are allowed")]);
  },
);
