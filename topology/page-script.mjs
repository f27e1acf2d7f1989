// Runs in the page: filters the tables, and dims in the picture what doesn't belong to the choice.
const topology = JSON.parse(document.getElementById("topology").textContent);
const form = document.querySelector("form");
const [search, cluster, service] = ["search", "cluster", "service"].map((id) => document.getElementById(id));
const details = document.getElementById("details");
const all = (selector) => [...document.querySelectorAll(selector)];
const words = (text) => (text ?? "").split(" ").filter((word) => word !== "");
const keyOf = ({ cluster, namespace, name }) => `${cluster}/${namespace}/${name}`;

function chosenModes() {
  return all("input[name=mode]:checked").map(({ value }) => value);
}

/** The links that bring a service to the clusters where it appears. */
function carriesService(link, chosen, modes) {
  return (
    link.target === chosen.cluster &&
    link.carries.some((mode) => modes.includes(mode) && chosen.exports.includes(mode))
  );
}

function chosenService() {
  return topology.services.find((one) => keyOf(one) === service.value);
}

/** The links that are meant: of the chosen cluster, of the chosen service, in one of the chosen modes. */
function chosenLinks(modes) {
  const chosen = chosenService();
  return topology.links.filter((link) => {
    if (!link.carries.some((mode) => modes.includes(mode))) return false;
    if (cluster.value !== "" && ![link.source, link.target].includes(cluster.value)) return false;
    return chosen === undefined || carriesService(link, chosen, modes);
  });
}

/** The clusters that are meant; undefined for all of them. */
function chosenClusters(links, modes) {
  if (cluster.value === "" && service.value === "" && modes.length === 3) return undefined;
  const chosen = chosenService();
  return new Set([
    ...links.flatMap(({ source, target }) => [source, target]),
    ...(cluster.value === "" ? [] : [cluster.value]),
    ...(chosen === undefined ? [] : [chosen.cluster]),
  ]);
}

function found(element) {
  return element.textContent.toLowerCase().includes(search.value.trim().toLowerCase());
}

function filterTables(links, clusters, modes) {
  const linked = new Set(links.map(({ source, target }) => `${source}>${target}`));
  const chosen = chosenService();
  const touches = ({ cluster: home, appears }) =>
    cluster.value === "" ||
    home === cluster.value ||
    appears.some((one) => one.clusters.includes(cluster.value));
  const names = chosen && [chosen, ...chosen.appears].map(({ name }) => `${chosen.namespace}/${name}`);
  const isMeant = {
    "data-cluster-row": (row) => clusters?.has(row.dataset.clusterRow) ?? true,
    "data-links-row": (row) => words(row.dataset.linksRow).some((link) => linked.has(link)),
    "data-service-row": (row) => {
      const own = topology.services.find((one) => keyOf(one) === row.dataset.serviceRow);
      if (chosen !== undefined && own !== chosen) return false;
      return touches(own) && words(row.dataset.modes).some((mode) => modes.includes(mode));
    },
    "data-route-row": (row) =>
      (cluster.value === "" || row.dataset.routeRow === cluster.value) &&
      (names === undefined || words(row.dataset.names).some((name) => names.includes(name))),
  };
  for (const [attribute, test] of Object.entries(isMeant)) {
    for (const row of all(`[${attribute}]`)) row.hidden = !(test(row) && found(row));
  }
}

function markPicture(links, clusters, modes) {
  const linked = new Set(links.map(({ source, target }) => `${source}>${target}`));
  const visible = new Set(all("[data-cluster-row]:not([hidden])").map((row) => row.dataset.clusterRow));
  const term = search.value.trim() !== "";
  for (const box of all(".box")) {
    const name = box.dataset.cluster;
    const isFound = visible.has(name) || (term && found(box));
    box.classList.toggle("dim", !(isFound && (clusters?.has(name) ?? true)));
    const isSelected = name === cluster.value || chosenService()?.cluster === name;
    box.classList.toggle("selected", isSelected);
    box.setAttribute("aria-pressed", String(name === cluster.value));
  }
  const [mode, chosen] = [(line) => modes.includes(line.dataset.mode), chosenService()];
  for (const line of all(".line")) {
    const carried = chosen === undefined || chosen.exports.includes(line.dataset.mode);
    line.classList.toggle(
      "dim",
      !(mode(line) && carried && words(line.dataset.links).some((link) => linked.has(link))),
    );
  }
  for (const frame of all(".frame")) {
    const members = words(frame.dataset.members);
    frame.classList.toggle("selected", members.includes(cluster.value));
  }
  for (const button of all("[data-choose-cluster],[data-choose-service]")) {
    const { chooseCluster, chooseService } = button.dataset;
    const isPressed =
      chooseCluster === undefined ? chooseService === service.value : chooseCluster === cluster.value;
    button.setAttribute("aria-pressed", String(isPressed));
  }
}

function paragraph(label, texts) {
  const line = document.createElement("p");
  const strong = document.createElement("strong");
  strong.textContent = `${label}: `;
  line.append(strong, texts.length === 0 ? "nothing" : texts.join(", "));
  return line;
}

function clusterDetails(name) {
  const end = (from, to) =>
    topology.links
      .filter((link) => link[from] === name && link.change !== "removed")
      .map((link) => `${link[to]} (${link.carries.join(", ")})`);
  const own = topology.services.filter((one) => one.cluster === name);
  const here = topology.services.flatMap((one) =>
    one.appears.filter(({ clusters }) => clusters.includes(name)).map((as) => `${one.namespace}/${as.name}`),
  );
  return [
    paragraph("Calls", end("source", "target")),
    paragraph("Is called by", end("target", "source")),
    paragraph(
      "Exports",
      own.map((one) => `${one.namespace}/${one.name} (${one.exports.join(", ")})`),
    ),
    paragraph("Mirrors here", [...new Set(here)]),
  ];
}

function serviceDetails({ exports, appears }) {
  return [
    paragraph("Exported by", exports),
    ...appears.map(({ name, mode, clusters }) => paragraph(`${name}, ${mode}, on`, clusters)),
  ];
}

function showDetails() {
  const chosen = chosenService();
  const title = document.createElement("h2");
  title.textContent = [cluster.value, service.value].filter((text) => text !== "").join(" and ");
  details.replaceChildren(
    title,
    ...(cluster.value === "" ? [] : clusterDetails(cluster.value)),
    ...(chosen === undefined ? [] : serviceDetails(chosen)),
  );
  details.hidden = title.textContent === "";
}

function update() {
  const modes = chosenModes();
  const links = chosenLinks(modes);
  const clusters = chosenClusters(links, modes);
  filterTables(links, clusters, modes);
  markPicture(links, clusters, modes);
  showDetails();
  const shown = [...document.querySelectorAll("table")].map((table) => {
    const rows = [...table.tBodies[0].rows];
    return `${rows.filter(({ hidden }) => !hidden).length} of ${rows.length} ${table.id}`;
  });
  document.getElementById("status").textContent = `Shown: ${shown.join(", ")}`;
}

/** The same choice again takes it back. */
function choose(select, value) {
  select.value = select.value === value ? "" : value;
  update();
}

for (const box of all(".box")) {
  box.setAttribute("tabindex", "0");
  box.setAttribute("role", "button");
  box.setAttribute("aria-label", box.dataset.cluster);
}
// A picture with buttons in it is no image any more.
document.querySelector("#picture svg").setAttribute("role", "group");

function chooseBy(target) {
  const text = target.closest("text[data-service]");
  const box = target.closest(".box");
  if (text !== null) choose(service, text.dataset.service);
  else if (box !== null) choose(cluster, box.dataset.cluster);
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-choose-cluster],[data-choose-service]");
  if (button === null) chooseBy(target);
  else if (button.dataset.chooseCluster === undefined) choose(service, button.dataset.chooseService);
  else choose(cluster, button.dataset.chooseCluster);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") form.reset();
  if (!["Enter", " "].includes(event.key) || event.target.closest(".box") === null) return;
  event.preventDefault();
  choose(cluster, event.target.closest(".box").dataset.cluster);
});
form.addEventListener("input", update);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => queueMicrotask(update));
update();
