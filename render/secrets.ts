import type { ManifestSettings } from "../settings/settings.ts";
import type { Manifest } from "./manifest.ts";
import { fromBase64, isMark, ownReference, toBase64, type Reference, type References } from "./references.ts";

/** A Secret as the components make it. */
export interface SecretManifest extends Manifest {
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

/** Which cluster a Secret is on, and where its values are. */
export interface SecretPlace {
  readonly environment: string;
  readonly cluster: string;
  readonly settings: ManifestSettings;
  readonly references: References;
}

export const tokenType = "kubernetes.io/service-account-token";

export function isSecret(manifest: Manifest): manifest is SecretManifest {
  return manifest.apiVersion === "v1" && manifest.kind === "Secret";
}

/** A Secret that Kubernetes itself fills in: there is nothing to hide in its manifest. */
export function isToken(manifest: SecretManifest): boolean {
  return manifest.type === tokenType;
}

/** The store's key for one Secret of one cluster; credentials of a registry are the same everywhere. */
export function storeKey(
  { metadata: { namespace = "", name }, type }: Pick<SecretManifest, "metadata" | "type">,
  { environment, cluster, settings: { secrets } }: Omit<SecretPlace, "references">,
): string {
  const place = type === "kubernetes.io/dockerconfigjson" ? [] : [cluster, namespace];
  return [secrets.prefix, environment, ...place, name].join(secrets.separator);
}

/** Only certificates are known to be public. A kubeconfig is what is around its token. */
function isPublic(text: string): boolean {
  const rest = text.replaceAll(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g, "");
  return text !== "" && rest.trim() === "";
}

interface Value {
  /** As the store has it; undefined for a text that is made of other values. */
  readonly own: Reference | undefined;
  /** How External Secrets puts the value together. */
  readonly template: string;
  readonly parts: readonly { readonly variable: string; readonly reference: Reference }[];
}

const variableOf = ({ property }: Reference) => property;

/** The text with each mark as the template's variable, in base64 where the mark is. */
function templateOf(text: string, { references }: SecretPlace): Value {
  const found = references.in(text);
  const template = found.reduce(
    (replaced, { mark, reference }) =>
      replaced
        .replaceAll(mark, `{{ .${variableOf(reference)} }}`)
        .replaceAll(toBase64(mark), `{{ .${variableOf(reference)} | b64enc }}`),
    text,
  );
  const parts = found.map(({ reference }) => ({ variable: variableOf(reference), reference }));
  return { own: undefined, template, parts };
}

function valueOf(key: string, encoded: string, secret: SecretManifest, place: SecretPlace): Value {
  const text = fromBase64(encoded);
  if (isMark(text) && !text.includes(ownReference)) return templateOf(text, place);
  if (isPublic(text)) return { own: undefined, template: text, parts: [] };
  const own = { key: storeKey(secret, place), property: key };
  return { own, template: `{{ index . "${key}" }}`, parts: [{ variable: key, reference: own }] };
}

function remote({ variable, reference }: Value["parts"][number]) {
  return { secretKey: variable, remoteRef: { key: reference.key, property: reference.property } };
}

/** The same Secret, made on its cluster by External Secrets from what the store holds. */
export function externalSecret(secret: SecretManifest, place: SecretPlace): Manifest {
  const { name, namespace = "", labels, annotations } = secret.metadata;
  const { store, refreshInterval } = place.settings.secrets;
  const keys = Object.entries(secret.data ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  const values = keys.map(([key, encoded]) => [key, valueOf(key, encoded, secret, place)] as const);
  const isPlain = values.every(([, { own }]) => own !== undefined);
  const templates = Object.fromEntries(values.map(([key, { template }]) => [key, template]));
  const metadata = {
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name, namespace },
    spec: {
      refreshInterval,
      secretStoreRef: { name: store.name, kind: store.kind },
      target: {
        name,
        creationPolicy: "Owner",
        template: {
          ...(secret.type === undefined ? {} : { type: secret.type }),
          ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
          ...(isPlain ? {} : { data: templates }),
        },
      },
      data: values.flatMap(([, { parts }]) => parts.map(remote)),
    },
  };
}

/** How a target's token gets to the clusters that link to it: by the store, as soon as Kubernetes has made it. */
export function tokenReferences(
  secret: Pick<SecretManifest, "metadata">,
  place: Omit<SecretPlace, "references">,
) {
  const key = storeKey(secret, place);
  return { token: { key, property: "token" }, certificateAuthority: { key, property: "ca" } };
}

/** Puts a token that Kubernetes makes into the store. */
export function pushToken(secret: SecretManifest, place: SecretPlace): Manifest {
  const { name, namespace = "" } = secret.metadata;
  const { store, refreshInterval } = place.settings.secrets;
  const { token, certificateAuthority } = tokenReferences(secret, place);
  const match = (secretKey: string, { key, property }: Reference) => ({
    match: { secretKey, remoteRef: { remoteKey: key, property } },
  });
  return {
    apiVersion: "external-secrets.io/v1alpha1",
    kind: "PushSecret",
    metadata: { name, namespace },
    spec: {
      refreshInterval,
      updatePolicy: "Replace",
      deletionPolicy: "Delete",
      secretStoreRefs: [{ name: store.name, kind: store.kind }],
      selector: { secret: { name } },
      data: [match("token", token), match("ca.crt", certificateAuthority)],
    },
  };
}
