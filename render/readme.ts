import type { Settings } from "../settings/settings.ts";
import type { PlacedManifest } from "./steps.ts";

/** By this line a folder is known as one that may be written anew. */
export const firstLine = "<!-- Written by npm run render: changes are lost. -->";

interface RemoteData {
  readonly remoteRef: { readonly key: string; readonly property: string };
}

/** What the store must have under a Secret's key. */
function purpose({ resource }: PlacedManifest, settings: Settings): string {
  const { host } = resource.parentInputs as { host?: string };
  if (host !== undefined)
    return `serving certificate for ${host}, signed by manifests.webhookAuthority; PKCS#8 key`;
  const trustDomain = settings.clusters.find(({ name }) => name === resource.cluster)?.trustDomain ?? "";
  switch ((resource.inputs as { type?: string }).type) {
    case "kubernetes.io/tls":
      return `CA certificate identity.linkerd.${trustDomain}, signed by trust.anchor.certificate; ECDSA P-256`;
    case "kubernetes.io/dockerconfigjson":
      return "credentials of the image registry";
    default:
      return "";
  }
}

function secretRows(settings: Settings, placed: readonly PlacedManifest[]): string[] {
  return placed
    .filter(({ manifest, step }) => manifest.kind === "ExternalSecret" && step !== "09-links")
    .flatMap((one) => {
      const { data } = one.manifest["spec"] as { data: RemoteData[] };
      const [key = ""] = data.map(({ remoteRef }) => remoteRef.key);
      const properties = data.map(({ remoteRef }) => `\`${remoteRef.property}\``).join(", ");
      return [`| \`${key}\` | ${properties} | ${purpose(one, settings)} |`];
    })
    .sort()
    .filter((row, index, rows) => row !== rows[index - 1]);
}

/** What somebody who finds the folder needs to know. */
export function readme(settings: Settings, placed: readonly PlacedManifest[]): string {
  const store = settings.manifests?.secrets.store;
  const clusters = settings.clusters.map(({ name }) => `\`${name}/\``).join(", ");
  return `${firstLine}

# Manifests of ${settings.environment}

One folder for each cluster: ${clusters}, with a folder for each step. The steps are applied in the order of their
names, 06 and those behind it when the pods of 05 are ready: pods that start earlier have no proxy. For Argo CD each
object says its step as a wave.

## What the secret store must hold

${store?.kind ?? ""} \`${store?.name ?? ""}\` on every cluster. The tokens of links aren't listed: the clusters themselves put them
there (\`PushSecret\`), so the store must let them write below the keys that end in \`-token\`.

| key | properties | what it is |
| --- | --- | --- |
${secretRows(settings, placed).join("\n")}
`;
}
