import type { ChildProcess } from "node:child_process";

import type { ClusterApi } from "../facts/cluster-api.ts";
import { apiServerOf } from "./clusters.ts";

/** Takes the fault out again. */
type Undo = () => Promise<void>;

export interface Ends {
  readonly environment: string;
  /** `cluster1` and `cluster2`; the link that is judged leads from the first to the second. */
  readonly source: ClusterApi;
  readonly target: ClusterApi;
  /** The link's controller, which runs as a process. */
  readonly controller: ChildProcess;
  /** Certificates of an anchor, and of an issuer, that are none of the mesh's; PEM. */
  readonly foreign: { readonly anchor: string; readonly issuer: string };
}

export interface Fault {
  readonly what: string;
  readonly put: (ends: Ends) => Promise<Undo>;
  /** The check that names it, and of which subject. */
  readonly check: string;
  readonly subject: string;
}

interface Stored {
  readonly metadata: Readonly<Record<string, unknown>>;
}

function folderOf(object: string): string {
  return object.slice(0, object.lastIndexOf("/"));
}

/** The object as it can be made again. */
function fresh({ metadata, ...rest }: Stored): object {
  const { name, namespace, labels, annotations } = metadata;
  const { status: _status, ...kept } = rest as { status?: unknown };
  return { ...kept, metadata: { name, namespace, labels, annotations } };
}

async function remove(api: ClusterApi, object: string): Promise<Undo> {
  const stored = await api.get<Stored>(object);
  await api.delete(object);
  return async () => {
    await api.post(folderOf(object), fresh(stored));
  };
}

async function create(
  api: ClusterApi,
  folder: string,
  object: { metadata: { name: string } },
): Promise<Undo> {
  await api.post(folder, object);
  return () => api.delete(`${folder}/${object.metadata.name}`);
}

async function change(api: ClusterApi, object: string, to: object, back: object): Promise<Undo> {
  await api.patch(object, to);
  return async () => {
    await api.patch(object, back);
  };
}

/** Deletes an object and makes it again with `changes`; the undo does the same without them. */
async function replace(api: ClusterApi, object: string, changes: (stored: Stored) => object): Promise<Undo> {
  const stored = await api.get<Stored>(object);
  const replaceBy = async (other: object) => {
    await api.delete(object);
    await api.post(folderOf(object), other);
  };
  await replaceBy(changes(stored));
  return () => replaceBy(fresh(stored));
}

const core = "/api/v1/namespaces";
const multicluster = `${core}/linkerd-multicluster`;
const deployments = "/apis/apps/v1/namespaces/linkerd-multicluster/deployments";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const link = "/apis/multicluster.linkerd.io/v1alpha3/namespaces/linkerd-multicluster/links/cluster2";
const leases = "/apis/coordination.k8s.io/v1/namespaces/linkerd-multicluster/leases";
const policies = "/apis/policy.linkerd.io/v1alpha1/namespaces/linkerd-multicluster/authorizationpolicies";
const webhook =
  "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/linkerd-proxy-injector-webhook-config";
const remoteAccess = "linkerd-service-mirror-remote-access-cluster1";

const toLink = "cluster1 -> cluster2";

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** A mirror as controllers make them. */
function mirror(name: string, cluster: string) {
  const labels = { "mirror.linkerd.io/mirrored-service": "true", "mirror.linkerd.io/cluster-name": cluster };
  return { metadata: { name, labels }, spec: { ports: [{ port: 80 }] } };
}

function exported(name: string, mode: string) {
  return {
    metadata: { name, labels: { "mirror.linkerd.io/exported": mode } },
    spec: { ports: [{ port: 80 }] },
  };
}

interface Webhooks extends Stored {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

/** Each is put in alone, found, and taken out again. */
export const faults: readonly Fault[] = [
  {
    what: "the controller is scaled to zero",
    put: ({ source }) =>
      change(
        source,
        `${deployments}/controller-cluster2`,
        { spec: { replicas: 0 } },
        { spec: { replicas: 1 } },
      ),
    check: "controller",
    subject: toLink,
  },
  {
    what: "the controller is deleted",
    put: ({ source }) => remove(source, `${deployments}/controller-cluster2`),
    check: "controller",
    subject: toLink,
  },
  {
    what: "the controller hangs",
    put: async ({ source, controller }) => {
      controller.kill("SIGSTOP");
      await source.patch(`${leases}/service-mirror-write-cluster2`, {
        spec: { renewTime: new Date(Date.now() - 600_000).toISOString().replace("Z", "000Z") },
      });
      return () => {
        controller.kill("SIGCONT");
        return Promise.resolve();
      };
    },
    check: "controller-active",
    subject: toLink,
  },
  {
    what: "the controller's role binding is removed",
    put: ({ source }) =>
      remove(
        source,
        `${rbac}/namespaces/linkerd-multicluster/rolebindings/controller-read-remote-creds-cluster2`,
      ),
    check: "controller-permissions",
    subject: toLink,
  },
  {
    what: "the Link is deleted",
    put: ({ source }) => remove(source, link),
    check: "link",
    subject: toLink,
  },
  {
    what: "the Link's probe port is wrong",
    put: ({ source }) =>
      change(
        source,
        link,
        { spec: { probeSpec: { port: "5191" } } },
        { spec: { probeSpec: { port: "4191" } } },
      ),
    check: "probe-port",
    subject: toLink,
  },
  {
    what: "destination's credentials are deleted",
    put: ({ source }) => remove(source, `${core}/linkerd/secrets/cluster-credentials-cluster2`),
    check: "credentials",
    subject: toLink,
  },
  {
    what: "the two credentials differ",
    put: ({ source }) =>
      replace(source, `${core}/linkerd/secrets/cluster-credentials-cluster2`, (stored) => {
        const { data } = stored as unknown as { data: { kubeconfig: string } };
        const text = `${Buffer.from(data.kubeconfig, "base64").toString()}# another\n`;
        return { ...fresh(stored), data: { kubeconfig: base64(text) } };
      }),
    check: "credentials-same",
    subject: toLink,
  },
  {
    what: "the controller has not read new credentials",
    put: async ({ source }) => {
      // A second, which is as exact as creation times are.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await replace(source, `${multicluster}/secrets/cluster-credentials-cluster2`, fresh);
      return async () => {
        await new Promise((resolve) => setTimeout(resolve, 1_100));
        for (const period of ["4s", "3s"]) await source.patch(link, { spec: { probeSpec: { period } } });
      };
    },
    check: "credentials-loaded",
    subject: toLink,
  },
  {
    what: "the token is revoked on the target",
    put: ({ target }) => remove(target, `${multicluster}/secrets/${remoteAccess}-token`),
    check: "credentials-accepted",
    subject: toLink,
  },
  {
    what: "the token's rights are taken away on the target",
    put: ({ target }) => remove(target, `${rbac}/clusterrolebindings/${remoteAccess}`),
    check: "credentials-accepted",
    subject: toLink,
  },
  {
    what: "the target's API server is down",
    put: async ({ environment }) => {
      const server = await apiServerOf(environment, "cluster2");
      process.kill(server, "SIGSTOP");
      return () => {
        process.kill(server, "SIGCONT");
        return Promise.resolve();
      };
    },
    check: "reachable",
    subject: "cluster2",
  },
  {
    what: "the gateway got another address",
    put: ({ target }) => {
      const status = (ip: string) => ({ status: { loadBalancer: { ingress: [{ ip }] } } });
      return target
        .get<{ spec: { clusterIP: string } }>(`${multicluster}/services/linkerd-gateway`)
        .then(({ spec }) =>
          change(
            target,
            `${multicluster}/services/linkerd-gateway/status`,
            status("192.0.2.77"),
            status(spec.clusterIP),
          ),
        );
    },
    check: "gateway-address",
    subject: toLink,
  },
  {
    what: "the gateway is scaled to zero",
    put: ({ target }) =>
      change(target, `${deployments}/linkerd-gateway`, { spec: { replicas: 0 } }, { spec: { replicas: 1 } }),
    check: "gateway",
    subject: "cluster2",
  },
  {
    what: "the gateway's policy for the source is deleted",
    put: ({ target }) => remove(target, `${policies}/linkerd-gateway-from-cluster1`),
    check: "gateway-admits",
    subject: toLink,
  },
  {
    what: "a cluster has another anchor",
    put: async ({ target, foreign }) => {
      const configMap = `${core}/linkerd/configmaps/linkerd-identity-trust-roots`;
      const { data } = await target.get<{ data: object }>(configMap);
      return change(target, configMap, { data: { "ca-bundle.crt": foreign.anchor } }, { data });
    },
    check: "anchors-deployed",
    subject: "cluster2",
  },
  {
    what: "an issuer is signed by another anchor",
    put: async ({ source, foreign }) => {
      const secret = `${core}/linkerd/secrets/linkerd-identity-issuer`;
      const { data } = await source.get<{ data: object }>(secret);
      return change(source, secret, { data: { "tls.crt": base64(foreign.issuer) } }, { data });
    },
    check: "issuer",
    subject: "cluster1",
  },
  {
    what: "a webhook has another CA",
    put: async ({ source, foreign }) => {
      const { webhooks } = await source.get<Webhooks>(webhook);
      const others = webhooks.map((one) => ({
        ...one,
        clientConfig: { ...one.clientConfig, caBundle: base64(foreign.anchor) },
      }));
      return change(source, webhook, { webhooks: others }, { webhooks });
    },
    check: "webhook-certificate",
    subject: "cluster1",
  },
  {
    what: "the extension's namespace has lost its label",
    put: ({ source }) =>
      change(
        source,
        multicluster,
        { metadata: { labels: { "linkerd.io/extension": null } } },
        { metadata: { labels: { "linkerd.io/extension": "multicluster" } } },
      ),
    check: "extension",
    subject: "cluster1",
  },
  {
    what: "an exported service has lost its label",
    put: ({ target }) => {
      const labels = (value: string | null) => ({
        metadata: { labels: { "mirror.linkerd.io/exported": value } },
      });
      return change(target, `${core}/emojivoto/services/emoji-svc`, labels(null), labels("true"));
    },
    check: "exports",
    subject: "cluster2",
  },
  {
    what: "the source lacks an exported service's namespace",
    put: async ({ source, target }) => {
      await target.post(core, { metadata: { name: "depot" } });
      await target.post(`${core}/depot/services`, exported("pallets", "remote-discovery"));
      return async () => {
        await source.post(core, { metadata: { name: "depot" } });
      };
    },
    check: "mirrors",
    subject: toLink,
  },
  {
    what: "a mirror has lost its endpoints",
    put: ({ source }) => remove(source, `${core}/emojivoto/endpoints/voting-svc-cluster2`),
    check: "mirror-endpoints",
    subject: toLink,
  },
  {
    what: "a mirror's service isn't exported any more",
    put: ({ source }) => create(source, `${core}/shop/services`, mirror("old-cluster2", "cluster2")),
    check: "mirror-exports",
    subject: toLink,
  },
  {
    what: "a mirror of a link that is gone was left",
    put: ({ source }) => create(source, `${core}/shop/services`, mirror("cart-north", "north")),
    check: "leftovers",
    subject: "cluster1",
  },
  {
    what: "a federated service lacks a member",
    put: ({ source }) => {
      const key = "multicluster.linkerd.io/remote-discovery";
      const annotations = (value: string) => ({ metadata: { annotations: { [key]: value } } });
      return change(
        source,
        `${core}/shop/services/search-federated`,
        annotations(""),
        annotations("search@cluster2"),
      );
    },
    check: "federated-members",
    subject: toLink,
  },
];
