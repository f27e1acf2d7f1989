/** What docs/sample.yaml sets: one cluster from each place where a cluster can come from, and something that crosses. */
export const used = {
  environment: "sample",
  linkerd: { version: "2026.8.3", pullSecrets: [{ name: "registry" }], values: { crds: {} } },
  trust: { anchor: { lifetime: "87600h" } },
  clusters: {
    adopted: {
      source: "existing",
      context: "sample-adopted",
      podNetworks: "10.64.0.0/16",
      serviceNetworks: "10.65.0.0/16",
      apiServer: "https://api.adopted.example.com:6443",
      trustDomain: "adopted.example.com",
      gateway: { enabled: true },
      values: { crds: {} },
    },
    docker: {
      source: "k3d",
      podNetworks: "10.66.0.0/16",
      serviceNetworks: "10.67.0.0/16",
      gateway: { enabled: true },
      values: { crds: {} },
    },
    rehearsal: {
      source: "simulated",
      podNetworks: "10.68.0.0/16",
      serviceNetworks: "10.69.0.0/16",
      gateway: { enabled: true },
      values: { crds: {} },
    },
  },
  links: {
    topology: "hub-and-spoke",
    hub: "adopted",
    pairs: [{ clusters: ["docker", "rehearsal"], carries: ["gateway", "federated"] }],
    oneWay: [{ source: "docker", target: "adopted", carries: ["gateway", "pod-to-pod"] }],
  },
  services: [
    {
      cluster: "adopted",
      namespace: "shop",
      name: "cart",
      export: "pod-to-pod",
      clients: ["docker/shop/web"],
      ports: [{ port: 80, targetPort: 8080 }],
      selector: { app: "cart" },
      circuitBreaking: { maxFailures: 7 },
    },
    { cluster: "adopted", namespace: "shop", name: "stock", export: "gateway" },
  ],
  routes: [
    {
      cluster: "docker",
      namespace: "shop",
      service: "stock",
      port: 80,
      matches: [{ path: { value: "/stock" }, headers: [{ name: "x-canary", value: "true" }] }],
      backends: [
        { from: "local", weight: 80 },
        { from: "adopted", weight: 20 },
      ],
      timeouts: { request: "5s" },
      retries: { http: "5xx" },
      circuitBreaking: { maxFailures: 7 },
    },
  ],
  emojivoto: { enabled: true },
  split: false,
};

const encrypted = { secure: "v1:… (pulumi config set --secret)" };
const certificate = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n";
const networks = ["192.0.2.0/24"];

const cluster = {
  trustDomain: "cluster.example.com",
  apiServer: "https://api.cluster.example.com:6443",
  version: "2026.8.3",
  egressNetworks: networks,
  retire: "traffic",
  issuer: { certificate, privateKey: encrypted },
};

/** Of settings without a default that aren't set there, what they could be. */
export const examples = {
  linkerd: {
    registry: "registry.example.com/linkerd",
    pullSecrets: [{ dockerConfigJson: encrypted }],
  },
  trust: {
    anchor: { certificate, privateKey: encrypted },
    generations: ["1", "2"],
    signer: "1",
    protect: true,
    renewBefore: "720h",
  },
  clusters: {
    adopted: {
      ...cluster,
      kubeconfigPath: "./kubeconfig",
      kubeconfig: encrypted,
      stack: { name: "organization/clusters/sample" },
      kubernetesVersion: "1.33",
    },
    docker: cluster,
    rehearsal: cluster,
  },
  links: {
    clients: ["shop/web", "shop/*"],
    credentials: { lifetime: "2160h" },
    pairs: [{ clients: ["shop/web"] }],
    oneWay: [{ clients: "any" }],
  },
  routes: [
    {
      name: "stock-canary",
      matches: [
        {
          path: { type: "PathPrefix" },
          method: "GET",
          headers: [{ type: "Exact" }],
          queryParams: [{ name: "canary", type: "Exact", value: "true" }],
        },
      ],
      backends: [{ service: "stock", port: 80 }],
      timeouts: { response: "1s", idle: "30s" },
      retries: { grpc: "unavailable", limit: 2, timeout: "500ms" },
    },
  ],
  emojivoto: { web: "docker", backends: "adopted" },
  manifests: {
    webhookAuthority: certificate,
    secrets: {
      store: { name: "vault", kind: "ClusterSecretStore" },
      prefix: "linkerd",
      separator: "/",
      refreshInterval: "1h",
    },
  },
};
